"""Practice: images with known answers, which an annotator does before those that count, up to the pass mark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.boxes import iou
from vsa_toolkit.errors import DataError
from vsa_toolkit.near_duplicates import SAME_PLACE, most_similar
from vsa_toolkit.protocols.matching import assign
from vsa_toolkit.records import Box

from .base import now
from .campaigns import CampaignInfo, KnownAnswer
from .engine import Database, take_turns
from .models import Assignment, Phrase, Region

RIGHT_WORDS = 0.5
"""Similarity to one of an answer's phrases from which an annotator's words count as right."""


@dataclass(frozen=True, slots=True)
class PracticeState:
    """How an annotator did: `score` is the mean over the images done; `passed` is None until all are."""

    done: int
    total: int
    score: float | None
    pass_mark: float
    passed: bool | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_answers(path: Path) -> list[tuple[str, list[KnownAnswer]]]:
    """Known answers from a file of JSON lines, {"image": KEY, "answers": [{"box": [x, y, w, h], "phrases": […]}]}.

    Raises:
        DataError: a line is not like that; the message names it.
    """
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"practice file {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                given = json.loads(line)
                answers = [_answer(answer) for answer in given["answers"]]
                if not answers or not isinstance(given["image"], str):
                    raise ValueError
                found.append((given["image"], answers))
            except (ValueError, TypeError, KeyError) as error:
                raise DataError(
                    f'{path}:{number} must be like {{"image": "KEY", "answers": [{{"box": [x, y, width, height], '
                    '"phrases": ["a red ball"]}]}.'
                ) from error
    if not found:
        raise DataError(f"practice file {path} has no line with answers.")
    return found


def _answer(given: dict[str, Any]) -> KnownAnswer:
    x, y, width, height = (float(side) for side in given["box"])
    phrases = tuple(given["phrases"])
    if not phrases or not all(isinstance(phrase, str) and phrase.strip() for phrase in phrases):
        raise ValueError
    return KnownAnswer((x, y, width, height), phrases)


def practice_state(database: Database, campaign: CampaignInfo, annotator_id: int) -> PracticeState | None:
    """How the annotator stands with the campaign's practice images; None where it has none."""
    if not campaign.options.practice:
        return None
    with database.read() as session:
        return _state(campaign, _rows(session, campaign, annotator_id))


def next_practice(database: Database, campaign: CampaignInfo, annotator_id: int) -> int | None:
    """The practice image to go on with, handed to the annotator; None where all are done."""
    with database.write() as session:
        take_turns(session, "annotator", campaign.id, annotator_id)
        rows = {row.image_id: row for row in _rows(session, campaign, annotator_id)}
        for image_id in sorted(campaign.options.practice):
            row = rows.get(image_id)
            if row is None:
                session.add(
                    Assignment(
                        campaign_id=campaign.id, annotator_id=annotator_id, image_id=image_id, state="open",
                        practice=True,
                    )
                )  # fmt: skip
                return image_id
            if row.state == "open":
                return image_id
        return None


def practise_again(database: Database, campaign: CampaignInfo, annotator_id: int) -> bool:
    """Open all practice images once more, if all are done and the mark was missed; what was written stays on them."""
    with database.write() as session:
        take_turns(session, "annotator", campaign.id, annotator_id)
        rows = _rows(session, campaign, annotator_id)
        if _state(campaign, rows).passed is not False:
            return False
        for row in rows:
            row.state, row.score, row.reason, row.changed_at = "open", None, None, now()
        return True


def grade(session: Session, campaign: CampaignInfo, assignment: Assignment) -> dict[str, Any]:
    """What a submitted practice image got, answer by answer; its score is noted in the assignment."""
    written = session.execute(
        select(Phrase.id, Phrase.text, Region.x, Region.y, Region.width, Region.height)
        .join(Region, Region.id == Phrase.region_id)
        .where(
            Phrase.campaign_id == campaign.id, Phrase.annotator_id == assignment.annotator_id,
            Region.image_id == assignment.image_id,
        )
        .order_by(Phrase.id)
    ).all()  # fmt: skip
    phrases = [(number, text, (x, y, width, height)) for number, text, x, y, width, height in written]
    graded = compare(campaign.options.practice[assignment.image_id], phrases)
    assignment.score = graded["score"]
    session.flush()
    return graded


def compare(answers: Sequence[KnownAnswer], phrases: Sequence[tuple[int, str, Box]]) -> dict[str, Any]:
    """Known answers beside an annotator's phrases (number, words, box), paired so that boxes and words fit best."""
    benefit = np.zeros((len(answers), len(phrases)))
    fits: dict[tuple[int, int], tuple[float, float]] = {}
    for row, answer in enumerate(answers):
        for column, (_, text, box) in enumerate(phrases):
            overlap = iou(answer.box, box)
            if overlap >= SAME_PLACE:
                fits[row, column] = (overlap, most_similar(text, answer.phrases))
                benefit[row, column] = overlap + fits[row, column][1]
    chosen = {row: column for row, column in assign(benefit) if (row, column) in fits}
    graded = [
        _graded(answer, phrases[chosen[row]][0], *fits[row, chosen[row]]) if row in chosen else _graded(answer)
        for row, answer in enumerate(answers)
    ]
    used = {phrases[column][0] for column in chosen.values()}
    return {
        "score": sum(answer["right"] for answer in graded) / len(graded),
        "answers": graded,
        "extra": [number for number, _, _ in phrases if number not in used],
    }


def _graded(
    answer: KnownAnswer, number: int | None = None, overlap: float = 0.0, alike: float = 0.0
) -> dict[str, Any]:  # fmt: skip
    return {
        "box": list(answer.box),
        "phrases": list(answer.phrases),
        "phrase": number,
        "iou": round(overlap, 3),
        "similarity": round(alike, 3),
        "right": number is not None and alike >= RIGHT_WORDS,
    }


def _state(campaign: CampaignInfo, rows: list[Assignment]) -> PracticeState:
    options = campaign.options
    scores = [row.score or 0.0 for row in rows if row.state != "open"]
    mean = sum(scores) / len(scores) if scores else None
    finished = len(scores) == len(options.practice)
    passed = mean is not None and mean >= options.pass_mark - 1e-9 if finished else None
    return PracticeState(len(scores), len(options.practice), mean, options.pass_mark, passed)


def _rows(session: Session, campaign: CampaignInfo, annotator_id: int) -> list[Assignment]:
    chosen = select(Assignment).where(
        Assignment.campaign_id == campaign.id, Assignment.annotator_id == annotator_id,
        Assignment.practice.is_(True), Assignment.image_id.in_(list(campaign.options.practice)),
    )  # fmt: skip
    return list(session.scalars(chosen))
