"""A dataset of made-up rows, without photos: as large as a benchmark wants it, in seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from vsa_toolkit.db.base import now
from vsa_toolkit.db.bulk import bulk_insert, reserve_ids
from vsa_toolkit.db.campaigns import create_campaign
from vsa_toolkit.db.engine import Database
from vsa_toolkit.db.models import Annotator, Assignment, Dataset, Image, Import, Phrase, Region, RegionSet, Sentence
from vsa_toolkit.db.workspace import Workspace, create_workspace

NAME = "made"
AT_ONCE = 1000
ROOT = Path(__file__).parent.parent


@contextmanager
def new_workspace(engine: str, folder: Path) -> Iterator[Workspace]:
    """An empty workspace on "sqlite" or on a "postgresql" that is started for it, with commits that reach the disk."""
    if engine == "sqlite":
        with create_workspace(folder / "workspace") as made:
            yield made
        return
    sys.path.insert(0, str(ROOT))
    from tests.postgres_server import running_server

    with running_server(durable=True) as server, create_workspace(folder / "workspace", server.create()) as made:
        yield made


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


def describe(database: Database, annotator: str, phrases: int = 3) -> int:
    """So many phrases of one annotator on every image, in a campaign "described"; the campaign's id."""
    campaign = create_campaign(database, NAME, "described", overlap=1)
    with database.write() as session:
        person = Annotator(name=annotator)
        session.add(person)
        session.flush()
        images = session.scalars(select(Image.id).order_by(Image.id)).all()
        region_set = session.scalars(select(RegionSet.id).where(RegionSet.kind == "campaign")).one()
    for first in range(0, len(images), AT_ONCE):
        part = images[first : first + AT_ONCE]
        with database.write() as session:
            moment = now()
            times = {"created_at": moment, "changed_at": moment}
            bulk_insert(
                session,
                Assignment,
                [
                    {"campaign_id": campaign.id, "annotator_id": person.id, "image_id": image, "state": "open",
                     "practice": False, "reserved": True, **times}
                    for image in part
                ],
            )  # fmt: skip
            ids = reserve_ids(session, Region, len(part) * phrases)
            bulk_insert(
                session,
                Region,
                [
                    {"id": id, "region_set_id": region_set, "image_id": part[place // phrases], "position": 0,
                     "x": 5.0, "y": 6.0, "width": 70.0, "height": 80.0}
                    for place, id in enumerate(ids)
                ],
            )  # fmt: skip
            bulk_insert(
                session,
                Phrase,
                [
                    {"region_id": id, "campaign_id": campaign.id, "annotator_id": person.id, "text": f"a dog {id}",
                     "state": "draft", "version": 1, **times}
                    for id in ids
                ],
            )  # fmt: skip
    return campaign.id
