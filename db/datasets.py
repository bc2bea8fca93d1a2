"""Datasets and their images, as readers see them: what an unfinished import brought is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.errors import UserError, did_you_mean

from .models import Dataset, Image, Import, Sentence

FINISHED = select(Import.id).where(Import.state == "finished")
"""The ids of imports that have finished: what readers may see."""


def brought(import_id: Any) -> ColumnElement[bool]:
    """The condition for rows that readers may see, by the column that names their import: people's own, and those of
    finished imports."""
    return or_(import_id.is_(None), import_id.in_(FINISHED))


def dataset_name(session: Session, name: str | None) -> str:
    """`name` if there is such a dataset; with None the only one there is."""
    names = dataset_names(session)
    if name is not None:
        if name not in names:
            raise UserError(f"there is no dataset {name!r}{did_you_mean(name, names)}")
        return name
    if not names:
        raise UserError("there is no dataset yet: run `vsa import FORMAT PATH`.")
    if len(names) > 1:
        raise UserError(f"there are several datasets ({', '.join(names)}): say which with --dataset.")
    return names[0]


def dataset_names(session: Session) -> list[str]:
    """Datasets with a finished import, oldest first."""
    finished = select(Import.dataset_id).where(Import.state == "finished")
    return list(session.scalars(select(Dataset.name).where(Dataset.id.in_(finished)).order_by(Dataset.id)))


def dataset_row(session: Session, name: str) -> Dataset:
    """The row of a dataset that readers may see."""
    dataset_name(session, name)
    return session.scalars(select(Dataset).where(Dataset.name == name)).one()


def dataset_root(dataset: Dataset, workspace: Path) -> Path:
    """The absolute folder that a dataset's image paths are relative to."""
    return workspace / dataset.root


def root_to_keep(root: Path, workspace: Path) -> str:
    """Relative to the workspace where it lies inside, so that both can move together."""
    return root.relative_to(workspace).as_posix() if root.is_relative_to(workspace) else str(root)


def path_to_keep(path: Path, root: Path) -> str:
    """Relative to the dataset's root where it lies inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def splits(session: Session, dataset_id: int) -> dict[str | None, int]:
    """Images in each split; None for those in none."""
    counted = (
        select(Image.split, func.count())
        .where(Image.dataset_id == dataset_id, Image.import_id.in_(FINISHED))
        .group_by(Image.split)
        .order_by(Image.split)
    )
    return {split: count for split, count in session.execute(counted)}


def check_split(session: Session, dataset: Dataset, split: str) -> None:
    """Nothing where the dataset has that split; UserError naming those there are."""
    known = [name for name in splits(session, dataset.id) if name is not None]
    if split in known:
        return
    if not known:
        raise UserError(
            f"dataset {dataset.name!r} has no splits: import photos from folders named train, val and test (vsa import"
            " folder), or from a format that states splits."
        )
    raise UserError(f"dataset {dataset.name!r} has no split {split!r}{did_you_mean(split, known)}")


def read_images(session: Session, dataset: Dataset, workspace: Path, split: str | None = None) -> list[records.Image]:
    """The images of a dataset (of one split of it), by id."""
    chosen = visible_images(dataset.id)
    if split is not None:
        check_split(session, dataset, split)
        chosen = chosen.where(Image.split == split)
    return image_records(session.execute(chosen).all(), dataset_root(dataset, workspace))


IMAGE_COLUMNS = (
    Image.id, Image.key, Image.path, Image.sha256, Image.width, Image.height, Image.split, Image.frame_width,
    Image.frame_height,
)  # fmt: skip


def visible_images(dataset_id: int) -> Select[*tuple[Any, ...]]:
    """Columns that `image_records` takes, by id."""
    return select(*IMAGE_COLUMNS).where(
        Image.dataset_id == dataset_id, Image.import_id.in_(FINISHED)
    ).order_by(Image.id)  # fmt: skip


def image_records(rows: Sequence[Any], root: Path) -> list[records.Image]:
    return [
        records.Image(
            id=id, key=key, file=root / path, sha256=sha256, width=width, height=height, split=split,
            frame=None if frame_width is None or frame_height is None else (frame_width, frame_height),
        )
        for id, key, path, sha256, width, height, split, frame_width, frame_height in rows
    ]  # fmt: skip


def find_image(session: Session, dataset: Dataset, key: str, workspace: Path) -> records.Image:
    """An image by its key, or by its id in digits.

    Raises:
        UserError: there is no such image (with a suggestion where one is close).
    """
    chosen = visible_images(dataset.id).where(Image.key == key)
    found = image_records(session.execute(chosen).all(), dataset_root(dataset, workspace))
    if not found and key.isdigit():
        chosen = visible_images(dataset.id).where(Image.id == int(key))
        found = image_records(session.execute(chosen).all(), dataset_root(dataset, workspace))
    if not found:
        near = session.scalars(
            select(Image.key).where(Image.dataset_id == dataset.id, Image.key.startswith(key[:6])).limit(50)
        ).all()
        hint = did_you_mean(key, near) if near else "."
        raise UserError(f"dataset {dataset.name!r} has no image {key!r}{hint}")
    return found[0]


def read_sentences(session: Session, image_id: int) -> list[records.Sentence]:
    """The sentences of one image, by number."""
    rows = session.execute(
        select(Sentence.id, Sentence.image_id, Sentence.number, Sentence.text)
        .where(Sentence.image_id == image_id, Sentence.import_id.in_(FINISHED))
        .order_by(Sentence.number)
    )
    return [records.Sentence(*row) for row in rows]
