"""Importing Flickr8k with Flickr30k Entities beside a bare loop over the same files.

    VSA_TEST_DATA=… python benchmarks/importing.py --photos 8091 --turns 3

The bare loop reads, hashes and opens the photos and parses the XML; it stands here twice, because Pillow's `open` reads
a header only: once so, once with the photo decoded. The import finds out whether each photo is whole, reads sentences
and splits, matches the sentences of the two sources, scales the boxes, and writes it all to a fresh workspace. Turns
alternate; ratios are medians over the turns, by the clock and by processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import statistics
import tarfile
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image
from timing import timed

from vsa_toolkit.db.workspace import create_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.plugins.formats.flickr8k import SENTENCES, SPLIT_FILES, Flickr8k
from vsa_toolkit.plugins.formats.flickr30k_entities import Flickr30kEntities


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=8091, help="how many photos, from the first")
    parser.add_argument("--turns", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        flickr8k, entities = lay_out(Path(folder), chosen.photos)
        photos, annotations = sorted((flickr8k / "images").iterdir()), sorted((entities / "Annotations").iterdir())
        print(f"{len(photos)} photos, {len(annotations)} annotation files\n")

        def ours() -> None:
            with tempfile.TemporaryDirectory() as fresh, create_workspace(Path(fresh) / "new") as workspace:
                run_import(workspace.store, Flickr8k(Flickr8k.Options()), flickr8k)
                run_import(workspace.store, Flickr30kEntities(Flickr30kEntities.Options()), entities)

        def bare(decode: bool) -> None:
            for path in photos:
                data = path.read_bytes()
                hashlib.sha256(data).hexdigest()
                photo = Image.open(io.BytesIO(data))
                if decode:
                    photo.load()
            for path in annotations:
                ElementTree.parse(path)

        sides = {"import": ours, "bare, headers": lambda: bare(False), "bare, photos decoded": lambda: bare(True)}
        bare(True)  # warm: every side finds the files in the page cache
        turns = [{name: timed(work) for name, work in sides.items()} for _ in range(chosen.turns)]
    print("| | clock, s | processor, s | import : this, clock | import : this, processor |\n|---|---|---|---|---|")
    for name in sides:
        seconds = [statistics.median(turn[name][measure] for turn in turns) for measure in (0, 1)]
        ratios = [[turn["import"][measure] / turn[name][measure] for turn in turns] for measure in (0, 1)]
        cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in ratios]
        print(f"| {name} | {seconds[0]:.2f} | {seconds[1]:.2f} | {cells[0]} | {cells[1]} |")


def lay_out(folder: Path, count: int) -> tuple[Path, Path]:
    """Both data sets, of the first photos only: the photos as links, the annotations unpacked."""
    data = os.environ.get("VSA_TEST_DATA")
    if not data:
        raise SystemExit("VSA_TEST_DATA is not set: this benchmark needs Flickr8k and Flickr30k Entities.")
    source, flickr8k, entities = Path(data) / "flickr8k", folder / "flickr8k", folder / "entities"
    (flickr8k / "images").mkdir(parents=True)
    photos = sorted((source / "images").iterdir())[:count]
    names = {photo.name for photo in photos}
    for photo in photos:
        (flickr8k / "images" / photo.name).symlink_to(photo.absolute())
    for name in (SENTENCES, *(files[0] for files in SPLIT_FILES.values())):
        lines = (source / name).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.partition("#")[0].strip() in names]
        (flickr8k / name).write_text("".join(kept), encoding="utf-8")
    ids = {name.partition("_")[0] for name in names}
    with tarfile.open(Path(data) / "flickr30k_entities" / "flickr30k_entities.tar.xz") as archive:
        wanted = [member for member in archive.getmembers() if Path(member.name).stem in ids]
        archive.extractall(entities, wanted, filter="data")
    return flickr8k, entities


if __name__ == "__main__":
    main()
