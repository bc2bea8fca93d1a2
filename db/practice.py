"""Practice: images with known answers, which an annotator does before those that count, up to the pass mark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.boxes import iou
from vsa_toolkit.near_duplicates import SAME_PLACE, most_similar
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


def compare(answers: tuple[KnownAnswer, ...], phrases: list[tuple[int, str, Box]]) -> dict[str, Any]:
    """Known answers beside an annotator's phrases: each answer with the phrase that fits it best, used once."""
    pairs = sorted(
        (
            (overlap, most_similar(text, answer.phrases), at, number)
            for at, answer in enumerate(answers)
            for number, text, box in phrases
            if (overlap := iou(answer.box, box)) >= SAME_PLACE
        ),
        key=lambda pair: (-min(pair[0], pair[1]), -pair[0], pair[2], pair[3]),
    )
    chosen: dict[int, tuple[float, float, int]] = {}
    used: set[int] = set()
    for overlap, alike, at, number in pairs:
        if at not in chosen and number not in used:
            chosen[at] = (overlap, alike, number)
            used.add(number)
    graded = [_graded(answer, *chosen.get(at, (0.0, 0.0, None))) for at, answer in enumerate(answers)]
    return {
        "score": sum(answer["right"] for answer in graded) / len(graded),
        "answers": graded,
        "extra": [number for number, _, _ in phrases if number not in used],
    }


def _graded(answer: KnownAnswer, overlap: float, alike: float, number: int | None) -> dict[str, Any]:
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
