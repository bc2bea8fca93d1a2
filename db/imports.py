"""Imports: rows with a state, whose batches readers see when the import has finished.

A region set of an import has the format's name. A batch takes its ids in advance, so that sentences, regions and
groundings can name each other in plain bulk inserts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.boxes import frame_box
from vsa_toolkit.errors import UserError
from vsa_toolkit.store import ImportedImage, KnownImage

from .base import now
from .bulk import bulk_insert, reserve_ids
from .datasets import dataset_root
from .engine import take_turns
from .models import Dataset, Grounding, GroundingRegion, Image, Import, Region, RegionSet, Sentence
from .region_sets import FRAME


def begin_import(
    session: Session, workspace: Path, dataset: str, format: str, source: Path, root: Path | None,
    options: dict[str, Any],
) -> int:  # fmt: skip
    """A new import, or the unfinished one of the same command."""
    take_turns(session, "imports", dataset)
    row = session.scalars(select(Dataset).where(Dataset.name == dataset)).one_or_none()
    if row is None:
        if root is None:
            raise UserError(f"there is no dataset {dataset!r} yet: import its photos first.")
        row = Dataset(name=dataset, format=format, root=_root_to_keep(root, workspace))
        session.add(row)
        session.flush()
        session.add(RegionSet(dataset_id=row.id, name=FRAME, kind="frame", state="finished", finished_at=now()))
    elif root is not None and os.path.realpath(dataset_root(row, workspace)) != os.path.realpath(root):
        raise UserError(
            f"dataset {dataset!r} has its photos in {dataset_root(row, workspace)}: "
            f"to import those of {root} give another name with --dataset."
        )
    for unfinished in session.scalars(select(Import).where(Import.dataset_id == row.id, Import.state != "finished")):
        if (unfinished.format, unfinished.source, unfinished.options) == (format, str(source), options):
            return unfinished.id
        raise UserError(
            f"an import into dataset {dataset!r} is unfinished: run `vsa import {unfinished.format} "
            f"{unfinished.source}` again, it goes on; or remove it with `vsa db check --fix`."
        )
    made = Import(dataset_id=row.id, format=format, source=str(source), options=options, state="running")
    session.add(made)
    session.flush()
    return made.id


def image_keys(session: Session, dataset: str) -> list[str]:
    keys = select(Image.key).join(Dataset, Dataset.id == Image.dataset_id).where(Dataset.name == dataset)
    return list(session.scalars(keys.order_by(Image.id)))


def known_images(session: Session, import_id: int, keys: Sequence[str]) -> dict[str, KnownImage]:
    """Those of `keys` that the dataset has, with what is there for this import's format."""
    row = session.get_one(Import, import_id)
    i = Image
    chosen = select(i.id, i.key, i.sha256, i.width, i.height, i.split, i.frame_width, i.frame_height)
    found = session.execute(chosen.where(i.dataset_id == row.dataset_id, i.key.in_(keys))).all()
    if not found:
        return {}
    ids = [image.id for image in found]
    sentences: dict[int, list[records.Sentence]] = {}
    columns = (Sentence.id, Sentence.image_id, Sentence.number, Sentence.text)
    for sentence in session.execute(select(*columns).where(Sentence.image_id.in_(ids)).order_by(Sentence.number)):
        sentences.setdefault(sentence.image_id, []).append(records.Sentence(*sentence))
    regions = _regions_by_key(session, row, ids)
    groundings = _grounding_identities(session, ids, regions)
    return {
        image.key: KnownImage(
            id=image.id, key=image.key, sha256=image.sha256, width=image.width, height=image.height,
            split=image.split,
            frame=None if image.frame_width is None else (image.frame_width, image.frame_height or 0),
            sentences=tuple(sentences.get(image.id, ())),
            regions=regions.get(image.id, {}),
            groundings=frozenset(groundings.get(image.id, ())),
        )
        for image in found
    }  # fmt: skip


def _regions_by_key(session: Session, row: Import, image_ids: Sequence[int]) -> dict[int, dict[str, records.Region]]:
    region_set = _region_set(session, row)
    regions: dict[int, dict[str, records.Region]] = {}
    if region_set is None:
        return regions
    r = Region
    rows = session.execute(
        select(r.id, r.image_id, r.x, r.y, r.width, r.height, r.label, r.score, r.key)
        .where(r.region_set_id == region_set, r.image_id.in_(image_ids))
        .order_by(r.position)
    )
    for id, image_id, x, y, width, height, label, score, key in rows:
        record = records.Region(id, image_id, (x, y, width, height), False, label, score)
        regions.setdefault(image_id, {})[key or str(id)] = record
    return regions


def _grounding_identities(
    session: Session, image_ids: Sequence[int], regions: dict[int, dict[str, records.Region]]
) -> dict[int, set[tuple[Any, ...]]]:
    """As `vsa_toolkit.store.grounding_identity` has them; those of other formats' boxes never look the same."""
    keys = {region.id: key for of_image in regions.values() for key, region in of_image.items()}
    tied: dict[int, set[Any]] = {}
    pairs = (
        select(GroundingRegion.grounding_id, GroundingRegion.region_id)
        .join(Grounding, Grounding.id == GroundingRegion.grounding_id)
        .join(Sentence, Sentence.id == Grounding.sentence_id)
        .where(Sentence.image_id.in_(image_ids))
    )
    for grounding_id, region_id in session.execute(pairs):
        tied.setdefault(grounding_id, set()).add(keys.get(region_id, region_id))
    found: dict[int, set[tuple[Any, ...]]] = {}
    rows = (
        select(Sentence.image_id, Sentence.number, Grounding.id, Grounding.start, Grounding.end, Grounding.chain)
        .join(Sentence, Sentence.id == Grounding.sentence_id)
        .where(Sentence.image_id.in_(image_ids))
    )
    for image_id, number, id, start, end, chain in session.execute(rows):
        found.setdefault(image_id, set()).add((number, start, end, chain, frozenset(tied.get(id, ()))))
    return found


def save_import_batch(session: Session, workspace: Path, import_id: int, batch: Sequence[ImportedImage]) -> None:
    """All rows of a batch: images with their frame regions, sentences, regions, groundings."""
    row = session.get_one(Import, import_id)
    root = dataset_root(session.get_one(Dataset, row.dataset_id), workspace)
    image_ids = _insert_images(session, row, root, batch)
    sentence_ids = _insert_sentences(session, import_id, batch, image_ids)
    region_ids = _insert_regions(session, row, batch, image_ids)
    _insert_groundings(session, import_id, batch, sentence_ids, region_ids)


def _insert_images(session: Session, row: Import, root: Path, batch: Sequence[ImportedImage]) -> list[int]:
    """The id of each image of the batch, new or known."""
    new = iter(reserve_ids(session, Image, sum(image.photo is not None for image in batch)))
    ids = [image.known.id if image.known else next(new) for image in batch]
    photos = [(id, image.photo) for id, image in zip(ids, batch) if image.photo]
    if not photos:
        return ids
    bulk_insert(
        session,
        Image,
        [
            {
                "id": id, "dataset_id": row.dataset_id, "import_id": row.id, "key": photo.key, "split": photo.split,
                "path": _path_to_keep(photo.path, root), "sha256": photo.sha256, "bytes": photo.bytes,
                "width": photo.width, "height": photo.height,
                "frame_width": photo.frame[0] if photo.frame else None,
                "frame_height": photo.frame[1] if photo.frame else None,
            }
            for id, photo in photos
        ],
    )  # fmt: skip
    frame = select(RegionSet.id).where(RegionSet.dataset_id == row.dataset_id, RegionSet.kind == FRAME)
    frame_id = session.scalars(frame).one()
    bulk_insert(
        session,
        Region,
        [
            _region_row(frame_id, id, row.id, 0, frame_box((photo.width, photo.height)))
            for id, photo in photos
        ],
    )  # fmt: skip
    return ids


def _insert_sentences(
    session: Session, import_id: int, batch: Sequence[ImportedImage], image_ids: Sequence[int]
) -> list[dict[int, int]]:
    """For each image of the batch the sentence ids by number, of those that were there too."""
    ids = iter(reserve_ids(session, Sentence, sum(len(image.sentences) for image in batch)))
    by_number: list[dict[int, int]] = []
    rows: list[dict[str, Any]] = []
    for image, image_id in zip(batch, image_ids):
        numbers = {s.number: s.id for s in image.known.sentences} if image.known else {}
        for sentence in image.sentences:
            numbers[sentence.number] = next(ids)
            rows.append(
                {"id": numbers[sentence.number], "image_id": image_id, "import_id": import_id,
                 "number": sentence.number, "text": sentence.text}
            )  # fmt: skip
        by_number.append(numbers)
    bulk_insert(session, Sentence, rows)
    return by_number


def _insert_regions(
    session: Session, row: Import, batch: Sequence[ImportedImage], image_ids: Sequence[int]
) -> list[dict[str, int]]:
    """For each image of the batch the region ids by the source's key, of those that were there too."""
    count = sum(len(image.boxes) for image in batch)
    region_set = _region_set(session, row, make=True) if count else None
    ids = iter(reserve_ids(session, Region, count))
    by_key: list[dict[str, int]] = []
    rows: list[dict[str, Any]] = []
    for image, image_id in zip(batch, image_ids):
        keys = {key: region.id for key, region in image.known.regions.items()} if image.known else {}
        before = len(keys)
        for position, box in enumerate(image.boxes, start=before):
            keys[box.key] = next(ids)
            assert region_set is not None
            values = _region_row(region_set, image_id, row.id, position, box.box)
            values.update(id=keys[box.key], label=box.label, score=box.score, key=box.key, raw_box=box.raw)
            rows.append(values)
        by_key.append(keys)
    bulk_insert(session, Region, rows)
    return by_key


def _region_row(region_set: int, image_id: int, import_id: int, position: int, box: records.Box) -> dict[str, Any]:
    x, y, width, height = box
    return {
        "region_set_id": region_set, "image_id": image_id, "import_id": import_id, "position": position,
        "x": x, "y": y, "width": width, "height": height,
    }  # fmt: skip


def _insert_groundings(
    session: Session, import_id: int, batch: Sequence[ImportedImage], sentence_ids: Sequence[dict[int, int]],
    region_ids: Sequence[dict[str, int]],
) -> None:  # fmt: skip
    ids = iter(reserve_ids(session, Grounding, sum(len(image.groundings) for image in batch)))
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, int]] = []
    for image, numbers, keys in zip(batch, sentence_ids, region_ids):
        for span in image.groundings:
            id = next(ids)
            rows.append(
                {"id": id, "sentence_id": numbers[span.sentence], "import_id": import_id, "start": span.start,
                 "end": span.end, "chain": span.chain, "categories": span.categories, "no_box": span.no_box,
                 "scene": span.scene}
            )  # fmt: skip
            pairs += ({"grounding_id": id, "region_id": keys[key]} for key in span.regions)
    bulk_insert(session, Grounding, rows)
    bulk_insert(session, GroundingRegion, pairs)


def duplicate_photos(session: Session, import_id: int) -> list[list[str]]:
    """Keys of the dataset's images whose files are byte for byte the same."""
    dataset_id = session.get_one(Import, import_id).dataset_id
    twice = (
        select(Image.sha256).where(Image.dataset_id == dataset_id).group_by(Image.sha256).having(func.count() > 1)
    )  # fmt: skip
    rows = session.execute(
        select(Image.sha256, Image.key)
        .where(Image.dataset_id == dataset_id, Image.sha256.in_(twice))
        .order_by(Image.sha256, Image.key)
    )
    groups: dict[str, list[str]] = {}
    for sha256, key in rows:
        groups.setdefault(sha256, []).append(key)
    return sorted(groups.values())


def count_import(session: Session, import_id: int) -> dict[str, int]:
    row = session.get_one(Import, import_id)

    def count(table: type[Image | Sentence | Region | Grounding], *conditions: Any) -> int:
        return session.scalar(select(func.count()).where(table.import_id == import_id, *conditions)) or 0

    region_set = _region_set(session, row)
    return {
        "images": count(Image),
        "sentences": count(Sentence),
        "regions": count(Region, Region.region_set_id == region_set) if region_set else 0,
        "groundings": count(Grounding),
    }


def finish_import(
    session: Session, import_id: int, frames: dict[int, records.Size], summary: dict[str, Any]
) -> None:  # fmt: skip
    """Note the original sizes of images that were there, and let readers see all of it."""
    row = session.get_one(Import, import_id)
    if frames:
        session.execute(
            update(Image),
            [{"id": id, "frame_width": width, "frame_height": height} for id, (width, height) in frames.items()],
        )
    session.execute(
        update(RegionSet)
        .where(RegionSet.import_id == import_id)
        .values(state="finished", finished_at=now())
    )  # fmt: skip
    row.state, row.finished_at, row.summary = "finished", now(), summary


def discard_import(session: Session, import_id: int) -> None:
    """Remove an unfinished import and all that it brought, and the dataset if nothing else is in it."""
    row = session.get_one(Import, import_id)
    if row.state == "finished":
        raise UserError(f"import {import_id} has finished: it cannot be discarded.")
    dataset_id = row.dataset_id
    for table in (Grounding, Region, Sentence):
        session.execute(delete(table).where(table.import_id == import_id))
    session.execute(delete(RegionSet).where(RegionSet.import_id == import_id))
    session.execute(delete(Image).where(Image.import_id == import_id))
    session.execute(delete(Import).where(Import.id == import_id))
    if not session.scalar(select(func.count()).where(Import.dataset_id == dataset_id)):
        session.execute(delete(Dataset).where(Dataset.id == dataset_id))


def _region_set(session: Session, row: Import, make: bool = False) -> int | None:
    """The id of the region set that has the format's name."""
    found = session.scalars(
        select(RegionSet).where(RegionSet.dataset_id == row.dataset_id, RegionSet.name == row.format)
    ).one_or_none()
    if found is None and make:
        provenance = {"format": row.format, "source": row.source, "options": row.options}
        found = RegionSet(dataset_id=row.dataset_id, import_id=row.id, name=row.format, kind="import",
                          provenance=provenance, state="running")  # fmt: skip
        session.add(found)
        session.flush()
    if found is not None and found.kind != "import":
        raise UserError(f"region set {row.format!r} was made by {found.kind}, the import needs that name.")
    return found.id if found else None


def _root_to_keep(root: Path, workspace: Path) -> str:
    """Relative to the workspace where it lies inside, so that both can move together."""
    return root.relative_to(workspace).as_posix() if root.is_relative_to(workspace) else str(root)


def _path_to_keep(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
