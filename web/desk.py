"""One annotator at work on one campaign: what the page shows and what its operations do, as JSON."""

from __future__ import annotations

from typing import Any, cast

from vsa_toolkit import records
from vsa_toolkit.db import practice, queue
from vsa_toolkit.db.annotating import View, image_by_id, phrase_of_operation, view
from vsa_toolkit.db.campaigns import CampaignInfo
from vsa_toolkit.db.engine import DatabaseAwayError
from vsa_toolkit.db.journal import Conflict
from vsa_toolkit.db.people import Person
from vsa_toolkit.db.phrases import PhraseBook, PhraseInfo, Place
from vsa_toolkit.db.suggestions import note_ignored, note_seen, offer
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError, VsaError
from vsa_toolkit.records import Box

from .answers import as_sentence
from .operations import Batch, Operation, Unreadable

CHANGES_PROGRESS = ("submit", "skip", "undo", "redo")
NOT_FORESEEN = ("undo", "redo", "submit", "skip")
"""Kinds after which a client cannot know by itself how the image is."""


class NoSuchImageError(DataError):
    """The campaign has no image of that id for this annotator."""


class MissingBasisError(DataError):
    """An operation names a phrase by an operation that is not here."""


class Desk:
    """What one person may see and do. Its methods are called from many threads."""

    def __init__(
        self, workspace: Workspace, book: PhraseBook, campaign: CampaignInfo, split: str | None, person: Person
    ) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._book = book
        self._campaign = campaign
        self._split = split
        self.person = person
        self._progress: dict[str, Any] | None = None
        self._known: set[int] = set()

    # Where to go on
    def next(self) -> dict[str, Any]:
        """{"state", "why", "progress"}: the image to go on with, handed to the annotator by this."""
        image, why = self._next_image()
        state = None if image is None else self.state(image)
        return {"state": state, "why": why, "progress": self.progress()}

    def next_image(self) -> int | None:
        return self._next_image()[0]

    def practise_again(self) -> None:
        """Open the practice images once more. Raises UserError where that is not due."""
        if not practice.practise_again(self._database, self._campaign, self.person.id):
            raise UserError("there is nothing to practise again.")

    def progress(self) -> dict[str, Any]:
        """{"done", "total", "practice"}: images."""
        counts = self._book.progress(self._campaign.id, self.person.id, self._split)
        practised = practice.practice_state(self._database, self._campaign, self.person.id)
        self._progress = {**counts, "practice": None if practised is None else practised.as_json()}
        return self._progress

    def _next_image(self) -> tuple[int | None, str | None]:
        practised = practice.practice_state(self._database, self._campaign, self.person.id)
        if practised is not None and practised.passed is None:
            return practice.next_practice(self._database, self._campaign, self.person.id), None
        if practised is not None and not practised.passed:
            return None, "practice"
        image = self._book.next_image(self._campaign.id, self.person.id, self._split)
        if image is not None:
            return image, None
        others_hold = queue.others_hold(self._database, self._campaign, self.person.id, self._split)
        return None, "taken" if others_hold else "finished"

    # One image
    def image(self, image_id: int) -> records.Image:
        """An image of the dataset. Raises NoSuchImageError."""
        found = image_by_id(self._database, self._workspace.folder, self._campaign.dataset, image_id)
        if found is None:
            raise NoSuchImageError(f"dataset {self._campaign.dataset!r} has no image {image_id}.")
        return found

    def state(self, image_id: int) -> dict[str, Any]:
        """The image state of one image, as the annotator left it. Raises NoSuchImageError."""
        at = self._place(image_id)
        seen = self._view(at)
        if self._campaign.options.suggest_when == "at-once" and seen.suggestions and not seen.suggestions["asked"]:
            offer(self._database, self._campaign, at)
            seen = self._view(at)
        return _state(seen)

    def ask_for_suggestions(self, image_id: int, kinds: tuple[str, ...]) -> dict[str, Any]:
        """{"suggestions"}: offered from now on."""
        at = self._place(image_id)
        if self._view(at).suggestions is None:
            raise UserError("this campaign suggests nothing.")
        offer(self._database, self._campaign, at, kinds)
        return {"suggestions": self._view(at).suggestions}

    # Changes
    def operate(self, image_id: int, operation: Operation, client: str | None = None) -> dict[str, Any]:
        """Write one operation, once, and tell how the image is now.

        Raises:
            NoSuchImageError, Conflict, UserError, DataError: it cannot be done; nothing was changed.
        """
        self._check(image_id)
        answer = self._write(self._place(image_id, client), operation)
        told = self._told(operation, answer)
        phrase = answer["phrase"]
        stands = self._progress is not None and operation.kind not in CHANGES_PROGRESS
        return told | {
            "phrase": None if phrase is None else phrase["id"],
            "state": self.state(image_id),
            "progress": self._progress if stands else self.progress(),
        }

    def operate_batch(self, batch: Batch) -> dict[str, Any]:
        """Write operations one after the other, each for itself: {"results", "states", "progress", "next"}."""
        results: list[dict[str, Any]] = []
        to_tell: dict[int, None] = {}
        away: str | None = None
        moved_on = False
        for item in batch.operations:
            if isinstance(item, Unreadable):
                results.append({"op_id": item.op_id, "status": 422, "error": item.sentence})
                continue
            image_id, operation = item
            result = self._result(image_id, operation, batch.client, away)
            results.append(result)
            if result["status"] == 503:
                away = result["error"]
                continue
            refused = result["status"] != 200
            if operation.kind in NOT_FORESEEN or refused:
                to_tell[image_id] = None
            moved_on = moved_on or (operation.kind in CHANGES_PROGRESS and not refused)
        following = self.next() if batch.next and not away else None
        progress = following["progress"] if following else self.progress() if moved_on and not away else None
        states = {} if away else {str(image_id): self._state_if_any(image_id) for image_id in to_tell}
        return {
            "results": results,
            "states": {image: state for image, state in states.items() if state is not None},
            "progress": progress,
            "next": following,
        }

    def _check(self, image_id: int) -> None:
        """Raises NoSuchImageError where the dataset has no such image; one that was there once is."""
        if image_id not in self._known:
            self.image(image_id)
            self._known.add(image_id)

    def _result(self, image_id: int, operation: Operation, client: str | None, away: str | None) -> dict[str, Any]:
        failed: dict[str, Any] = {"op_id": operation.op_id}
        if away is not None:
            return failed | {"status": 503, "error": away}
        try:
            self._check(image_id)
            answer = self._write(self._place(image_id, client), operation)
            return {"status": 200, **self._told(operation, answer)}
        except DatabaseAwayError as error:
            return failed | {"status": 503, "error": str(error)}
        except Conflict as error:
            return failed | {"status": 409, "error": as_sentence(str(error)), "conflict": conflict_json(error)}
        except NoSuchImageError as error:
            return failed | {"status": 404, "error": as_sentence(str(error))}
        except MissingBasisError as error:
            return failed | {"status": 424, "error": as_sentence(str(error))}
        except VsaError as error:
            return failed | {"status": 422, "error": as_sentence(str(error))}

    def _told(self, operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "op_id": operation.op_id,
            "phrase": phrase_json(answer["phrase"]),
            "saved_at": answer["saved_at"],
            "warnings": answer.get("warnings", []),
        }
        for name in ("undone", "practice"):
            if answer.get(name) is not None:
                told[name] = answer[name]
        return told

    def _write(self, at: Place, given: Operation) -> dict[str, Any]:
        book, op_id = self._book, given.op_id
        text, box = cast(str, given.text), cast(Box, given.box)  # there where the kind needs them: see read_operation
        match given.kind:
            case "add":
                return book.add(at, op_id, text, box, given.seconds, given.suggestion)
            case "edit":
                return book.edit(at, op_id, self._phrase(at, given), text, given.seconds, given.version)
            case "move":
                return book.move(at, op_id, self._phrase(at, given), box, given.version)
            case "delete":
                return book.delete(at, op_id, self._phrase(at, given), given.version)
            case "undo":
                return book.undo(at, op_id)
            case "redo":
                return book.redo(at, op_id)
            case "submit":
                return book.submit(at, op_id, given.reason)
            case "skip":
                return book.skip(at, op_id, cast(str, given.reason))
            case "seen":
                return note_seen(self._database, at, op_id, given.suggestions)
            case "ignore":
                return note_ignored(self._database, at, op_id, cast(int, given.suggestion))
        raise AssertionError(given.kind)

    def _phrase(self, at: Place, given: Operation) -> int:
        if isinstance(given.phrase, str):
            found = phrase_of_operation(self._database, at, given.phrase)
            if found is None:
                raise MissingBasisError(f"the change {given.phrase!r}, which this one builds on, is not here.")
            return found
        return cast(int, given.phrase)

    def _view(self, at: Place) -> View:
        found = view(self._database, self._workspace.folder, self._campaign, at)
        if found is None:
            raise NoSuchImageError(f"there is no image {at.image_id} for you in this campaign.")
        return found

    def _state_if_any(self, image_id: int) -> dict[str, Any] | None:
        try:
            return self.state(image_id)
        except NoSuchImageError:
            return None

    def _place(self, image_id: int, client: str | None = None) -> Place:
        return Place(self._campaign.id, self.person.id, image_id, client)


def conflict_json(error: Conflict) -> dict[str, Any]:
    """What a merge view needs."""
    return error.details | ({"theirs": phrase_json(error.details["theirs"])} if "theirs" in error.details else {})


def phrase_json(phrase: dict[str, Any] | None) -> dict[str, Any] | None:
    """A phrase as the page knows it."""
    if phrase is None:
        return None
    return {name: phrase.get(name) for name in ("id", "text", "box", "state", "version", "seconds", "reason")}


def _state(seen: View) -> dict[str, Any]:
    image, assignment = seen.image, seen.assignment
    return {
        "image": {
            "id": image.id, "key": image.key, "width": image.width, "height": image.height,
            "photo": f"/photos/{image.id}",
        },
        "assignment": {
            "state": assignment.state, "reason": assignment.reason, "practice": assignment.practice,
            "score": assignment.score,
        },
        "phrases": [phrase_json(phrase.as_json()) for phrase in seen.phrases],
        "others": [_other(phrase) for phrase in seen.others],
        "suggestions": seen.suggestions,
        "undoable": seen.undoable,
        "redoable": seen.redoable,
    }  # fmt: skip


def _other(phrase: PhraseInfo) -> dict[str, Any]:
    return {"id": phrase.id, "text": phrase.text, "box": list(phrase.box), "annotator": phrase.annotator}
