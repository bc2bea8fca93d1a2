"""A dataset of made-up rows, without photos: as large as a benchmark wants it, in seconds."""

from __future__ import annotations

from sqlalchemy import select

from vsa_toolkit.db.base import now
from vsa_toolkit.db.bulk import bulk_insert, reserve_ids
from vsa_toolkit.db.engine import Database
from vsa_toolkit.db.models import Dataset, Image, Import, Region, RegionSet, Sentence

NAME = "made"
AT_ONCE = 1000


def make_dataset(database: Database, images: int, sentences: int = 5, regions: int = 10) -> None:
    """A finished dataset "made" of so many images, each with sentences and imported regions."""
    with database.write() as session:
        dataset = Dataset(name=NAME, format=NAME, root="nowhere")
        session.add(dataset)
        session.flush()
        brought = Import(dataset_id=dataset.id, format=NAME, source="nowhere", state="finished", finished_at=now())
        session.add(brought)
        session.flush()
        for name, kind in (("frame", "frame"), (NAME, "import")):
            made = RegionSet(dataset_id=dataset.id, import_id=brought.id, name=name, kind=kind, state="finished")
            session.add(made)
        session.flush()
    for first in range(0, images, AT_ONCE):
        _insert(database, range(first, min(first + AT_ONCE, images)), sentences, regions)


def _insert(database: Database, numbers: range, sentences: int, regions: int) -> None:
    with database.write() as session:
        dataset_id, import_id = session.execute(select(Import.dataset_id, Import.id)).one()
        frame, imported = session.scalars(select(RegionSet.id).order_by(RegionSet.id))
        ids = reserve_ids(session, Image, len(numbers))
        bulk_insert(
            session,
            Image,
            [
                {"id": id, "dataset_id": dataset_id, "import_id": import_id, "key": f"{number:06d}", "split": "train",
                 "path": f"{number}.jpg", "sha256": f"{number:064x}", "width": 640, "height": 480}
                for id, number in zip(ids, numbers)
            ],
        )  # fmt: skip
        bulk_insert(
            session,
            Sentence,
            [
                {
                    "image_id": id,
                    "import_id": import_id,
                    "number": number,
                    "text": f"a dog beside ball {id} and {number}",
                }
                for id in ids
                for number in range(sentences)
            ],
        )
        boxes = [(frame, 0, (0.0, 0.0, 640.0, 480.0))]
        boxes += ((imported, place, (10.0 * place, 5.0 * place, 60.0, 80.0)) for place in range(regions))
        bulk_insert(
            session,
            Region,
            [
                {"region_set_id": of, "image_id": id, "import_id": import_id, "position": place, "x": x, "y": y,
                 "width": width, "height": height}
                for id in ids
                for of, place, (x, y, width, height) in boxes
            ],
        )  # fmt: skip
