"""One image with its sentences, regions and phrases: as quick in a large dataset as in a small one?

    python benchmarks/one_image.py --sizes 200 20000

Made-up rows, five sentences, ten imported regions and three phrases an image; images are asked for in random order.
Each figure is what a tenth of `--times` images stays below, which other work on the machine disturbs least. "regions":
the image by its key, its sentences, its regions. "phrases": what the annotation page shows of it to the annotator. The
ratio is that of the largest dataset to the smallest.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from made_rows import NAME, describe, make_dataset, new_workspace
from sqlalchemy import select, text

from vsa_toolkit.db.annotating import view
from vsa_toolkit.db.campaigns import find_campaign
from vsa_toolkit.db.models import Image, Region
from vsa_toolkit.db.phrases import Place
from vsa_toolkit.db.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 20_000], help="images")
    parser.add_argument("--times", type=int, default=500, help="images that are asked for")
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    chosen = parser.parse_args()
    engines = ["sqlite", "postgresql"] if chosen.engine == "both" else [chosen.engine]
    sizes = sorted(chosen.sizes)
    print(f"| engine | what | {' | '.join(f'{size:,} images, ms' for size in sizes)} | ratio |")
    print("|" + "---|" * (len(sizes) + 3))
    for engine in engines:
        figures = [_measured(engine, size, chosen.times) for size in sizes]
        for what in figures[0]:
            milliseconds = [figure[what] for figure in figures]
            cells = " | ".join(f"{value:.2f}" for value in milliseconds)
            print(f"| {engine} | {what} | {cells} | {milliseconds[-1] / milliseconds[0]:.2f} |")


def _measured(engine: str, size: int, times: int) -> dict[str, float]:
    """Milliseconds for each question."""
    with tempfile.TemporaryDirectory() as folder, new_workspace(engine, Path(folder)) as workspace:
        make_dataset(workspace.database, size)
        describe(workspace.database, "ann")
        if engine == "postgresql":
            with workspace.database.engine.connect() as connection:
                connection.execute(text("ANALYZE"))  # as its server does by itself within a minute
                connection.commit()
        dice = random.Random(0)
        numbers = [dice.randrange(size) for _ in range(times)]
        return {"regions": _time(_regions(workspace), numbers), "phrases": _time(_phrases(workspace), numbers)}


def _regions(workspace: Workspace) -> Callable[[int], object]:
    def ask(number: int) -> object:
        image = workspace.store.find_image(NAME, f"{number:06d}")
        sentences = workspace.store.read_sentences(image.id)
        with workspace.database.read() as session:
            regions = session.scalars(select(Region).where(Region.image_id == image.id)).all()
        assert (len(sentences), len(regions)) == (5, 14)
        return regions

    return ask


def _phrases(workspace: Workspace) -> Callable[[int], object]:
    campaign = find_campaign(workspace.database, NAME, "described")
    with workspace.database.read() as session:
        images = session.scalars(select(Image.id).order_by(Image.id)).all()

    def ask(number: int) -> object:
        seen = view(workspace.database, workspace.folder, campaign, Place(campaign.id, 1, images[number]))
        assert seen is not None
        assert len(seen.phrases) == 3
        return seen

    return ask


def _time(ask: Callable[[int], object], numbers: list[int]) -> float:
    taken = []
    for number in numbers:
        begun = time.perf_counter()
        ask(number)
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.quantiles(taken, n=10)[0]


if __name__ == "__main__":
    main()
