"""One annotator at work on one dataset: what the page shows and what its operations do, as JSON.

An image state is `{"image": {"id", "key", "width", "height", "photo"}, "assignment": {"state", "reason"},
"phrases": [{"id", "text", "box": [x, y, width, height], "state", "version"}], "undoable": true}`.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from vsa_toolkit import records
from vsa_toolkit.db.annotating import image_by_id, standing
from vsa_toolkit.db.phrases import PhraseBook, PhraseInfo, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError
from vsa_toolkit.records import Box

from .operations import Operation


class NoSuchImageError(DataError):
    """The dataset has no image of that id."""


def open_desk(workspace: Workspace, dataset: str | None, split: str | None, annotator: str) -> Desk:
    """A desk for an annotator, who is noted when first heard of.

    Raises:
        UserError: there is no such dataset or split, there are several datasets, or the name is none.
    """
    name = workspace.store.dataset_name(dataset)
    book = PhraseBook(workspace.database)
    desk = Desk(workspace, book, name, split, book.campaign(name).id, book.annotator(annotator), annotator)
    desk.progress()  # an unknown split is said now, not in the browser
    return desk


class Desk:
    """What the routes of one server share. Its methods are called from many threads."""

    def __init__(
        self, workspace: Workspace, book: PhraseBook, dataset: str, split: str | None, campaign_id: int,
        annotator_id: int, annotator: str,
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._book = book
        self._campaign_id = campaign_id
        self._annotator_id = annotator_id
        self.dataset = dataset
        self.split = split
        self.annotator = annotator

    @property
    def scope(self) -> str:
        """Whose unsaved changes a browser keeps: never sent to another workspace or under another name."""
        place = f"{self._workspace.folder}\n{self._campaign_id}\n{self._annotator_id}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]

    def next_image(self) -> int | None:
        """The id of the image where the annotator goes on; None where all are done."""
        return self._book.next_image(self._campaign_id, self._annotator_id, self.split)

    def progress(self) -> dict[str, int]:
        """{"done", "total"}: images."""
        return self._book.progress(self._campaign_id, self._annotator_id, self.split)

    def image(self, image_id: int) -> records.Image:
        """An image of the dataset. Raises NoSuchImageError."""
        found = image_by_id(self._workspace.database, self._workspace.folder, self.dataset, image_id)
        if found is None:
            raise NoSuchImageError(f"dataset {self.dataset!r} has no image {image_id}.")
        return found

    def state(self, image_id: int) -> dict[str, Any]:
        """The image state of one image, as the annotator left it."""
        image = self.image(image_id)
        at = self._place(image_id)
        found = standing(self._workspace.database, at)
        return {
            "image": {
                "id": image.id, "key": image.key, "width": image.width, "height": image.height,
                "photo": f"/photos/{image.id}",
            },
            "assignment": {"state": found.state, "reason": found.reason},
            "phrases": [_phrase(phrase) for phrase in self._book.phrases(at)],
            "undoable": found.undoable,
        }  # fmt: skip

    def operate(self, image_id: int, operation: Operation) -> dict[str, Any]:
        """Write one operation, once, and tell how the image is now.

        Raises:
            NoSuchImageError, UserError, DataError: it cannot be done; nothing was changed.
        """
        self.image(image_id)
        answer = self._write(self._place(image_id), operation)
        phrase = answer["phrase"]
        return {
            "op_id": operation.op_id,
            "phrase": None if phrase is None else phrase["id"],
            "saved_at": answer["saved_at"],
            "state": self.state(image_id),
            "progress": self.progress(),
        }

    def _write(self, at: Place, given: Operation) -> dict[str, Any]:
        book, op_id = self._book, given.op_id
        text, box = cast(str, given.text), cast(Box, given.box)  # there where the kind needs them: see read_operation
        phrase, reason = cast(int, given.phrase), cast(str, given.reason)
        match given.kind:
            case "add":
                return book.add(at, op_id, text, box, given.seconds)
            case "edit":
                return book.edit(at, op_id, phrase, text, given.seconds)
            case "move":
                return book.move(at, op_id, phrase, box)
            case "delete":
                return book.delete(at, op_id, phrase)
            case "undo":
                return book.undo(at, op_id)
            case "submit":
                return book.submit(at, op_id)
            case "skip":
                return book.skip(at, op_id, reason)
        raise AssertionError(given.kind)

    def _place(self, image_id: int) -> Place:
        return Place(self._campaign_id, self._annotator_id, image_id)


def _phrase(phrase: PhraseInfo) -> dict[str, Any]:
    return {
        "id": phrase.id, "text": phrase.text, "box": list(phrase.box), "state": phrase.state, "version": phrase.version,
    }  # fmt: skip
