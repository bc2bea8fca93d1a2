"""How far a campaign is and how its people are doing: counts, pace, time per phrase, agreement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from statistics import mean, median
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit.near_duplicates import similarity
from vsa_toolkit.protocols.matching import match
from vsa_toolkit.records import Box
from vsa_toolkit.same_things import SAME_THING

from .base import now
from .campaigns import CampaignInfo
from .datasets import FINISHED
from .engine import Database
from .models import Annotator, Assignment, Phrase, Region, Suggestion
from .phrase_rows import ADJUDICATED
from .queue import images_of

BREAK = timedelta(minutes=10)
"""A longer silence between two images is no work."""

COUNTED = ("submitted", "accepted")


@dataclass
class Agreement:
    """How well people agree on the images that they share: F1 of their boxes, and how alike the words of matched ones
    are. Sums over images and pairs of people, so that one image more is added, not everything computed again."""

    pairs: int = 0
    f1: float = 0.0
    matched: int = 0
    words: float = 0.0

    def add(self, other: Agreement) -> None:
        self.pairs += other.pairs
        self.f1 += other.f1
        self.matched += other.matched
        self.words += other.words

    def as_json(self) -> dict[str, Any]:
        """{"boxes", "words"}: means, None where nobody shares an image or no box was matched."""
        return {
            "boxes": self.f1 / self.pairs if self.pairs else None,
            "words": self.words / self.matched if self.matched else None,
        }


Said = tuple[Box, str]


def agreement(one: Sequence[Said], other: Sequence[Said]) -> Agreement:
    """Two people's boxes with their words on one image, matched one to one. Nobody saying anything is agreement."""
    pairs = match([box for box, _ in one], [box for box, _ in other], SAME_THING)
    total = len(one) + len(other)
    words = sum(similarity(one[a][1], other[b][1]) for a, b, _ in pairs)
    return Agreement(1, 2 * len(pairs) / total if total else 1.0, len(pairs), words)


@dataclass
class AgreementCache:
    """Agreement of each image's pairs of people, computed again where something on the image changed."""

    images: dict[int, tuple[Any, dict[tuple[int, int], Agreement]]] = field(default_factory=dict)

    def of(self, image_id: int, stamp: Any, said: dict[int, list[Said]]) -> dict[tuple[int, int], Agreement]:
        kept = self.images.get(image_id)
        if kept is None or kept[0] != stamp:
            found = {(a, b): agreement(said[a], said[b]) for a, b in combinations(sorted(said), 2)}
            kept = self.images[image_id] = (stamp, found)
        return kept[1]


def campaign_progress(
    database: Database, campaign: CampaignInfo, cache: AgreementCache | None = None, split: str | None = None
) -> dict[str, Any]:
    """{"campaign", "images", "work", "phrases", "agreement", "people"} as JSON; see docs/annotation-api.md."""
    with database.read() as session:
        images = images_of(campaign, split).subquery()
        total = session.scalar(select(func.count()).select_from(images)) or 0
        assignments = session.execute(
            select(Assignment, Annotator)
            .join(Annotator, Annotator.id == Assignment.annotator_id)
            .where(Assignment.campaign_id == campaign.id)
            .order_by(Assignment.changed_at)
        ).all()
        chosen = set(session.scalars(select(images.c.id)))
        counted = [(row, who) for row, who in assignments if row.image_id in chosen and not row.practice]
        practice = [(row, who) for row, who in assignments if row.practice]
        phrases = _phrases(session, campaign, chosen)
        exposures = _exposures(session, campaign)
    agreed, everybody = _agreements(counted, phrases, cache or AgreementCache())
    people = {who.id: who for _, who in assignments}
    per_person = [
        _person(campaign, who, counted, practice, phrases, exposures.get(who.id, {}), agreed.get(who.id, Agreement()))
        for who in sorted(people.values(), key=lambda who: who.name)
    ]
    return {
        "campaign": {
            "name": campaign.name, "dataset": campaign.dataset, "split": split or campaign.options.split,
            "overlap": campaign.overlap, "blind": campaign.blind,
        },
        "images": _images(campaign, total, counted),
        "work": _work(campaign, total, counted),
        "phrases": sum(person["phrases"] for person in per_person),
        "agreement": everybody.as_json(),
        "people": per_person,
    }  # fmt: skip


def flat_people(progress: dict[str, Any]) -> list[dict[str, Any]]:
    """The people of a progress as flat rows for a table, figures rounded."""
    rows = []
    for person in progress["people"]:
        practice, used = person["practice"], person["suggestions"]
        rows.append(
            {
                "annotator": person["annotator"],
                "submitted": person["submitted"],
                "skipped": person["skipped"],
                "open": person["open"],
                "phrases": person["phrases"],
                "words": _short(person["words_per_phrase"]),
                "s/phrase": _short(person["seconds_per_phrase"]),
                "images/h": _short(person["images_per_hour"]),
                "boxes": _short(person["agreement"]["boxes"], 2),
                "wording": _short(person["agreement"]["words"], 2),
                "accepted": f"{used['accepted']}/{used['seen']}" if used["seen"] else None,
                "practice": _short(practice["score"], 2) if practice else None,
                "last": person["last"],
            }
        )
    return rows


def summary(progress: dict[str, Any]) -> str:
    """One sentence on a campaign."""
    images, work, about = progress["images"], progress["work"], progress["campaign"]
    wanted = f" of {work['wanted']:,}" if work["wanted"] is not None else ""
    left = f"; about {work['hours_left']:.1f} hours of work left" if work["hours_left"] else ""
    return (
        f"campaign {about['name']!r} of {about['dataset']}: {images['complete']:,} of {images['total']:,} images"
        f" complete, {work['submitted']:,}{wanted} submissions, {progress['phrases']:,} phrases{left}."
    )


Row = tuple[Assignment, Annotator]
PhraseRow = tuple[int, int, Box, str, float | None, datetime]
"""Annotator, image, box, words, seconds, changed."""


def _images(campaign: CampaignInfo, total: int, rows: Sequence[Row]) -> dict[str, int]:
    """Images that have all the people they need, that some are at, that nobody has begun, that were given up."""
    submitted: dict[int, int] = defaultdict(int)
    skipped: dict[int, int] = defaultdict(int)
    for row, _ in rows:
        submitted[row.image_id] += row.state == "submitted"
        skipped[row.image_id] += row.state == "skipped"
    needed = campaign.overlap or 1
    complete = {image for image, count in submitted.items() if count >= needed}
    given_up = {image for image, count in skipped.items() if count >= needed} - complete
    begun = {row.image_id for row, _ in rows if row.state != "released"} - complete - given_up
    return {
        "total": total, "complete": len(complete), "begun": len(begun), "given_up": len(given_up),
        "untouched": total - len(complete) - len(begun) - len(given_up),
    }  # fmt: skip


def _work(campaign: CampaignInfo, total: int, rows: Sequence[Row]) -> dict[str, Any]:
    """Submissions: wanted (None: nobody said), there, and how long the rest takes at the pace so far."""
    submitted = sum(row.state == "submitted" for row, _ in rows)
    wanted = None if campaign.overlap is None else total * campaign.overlap
    left = None if wanted is None else max(0, wanted - submitted)
    paces = [pace for who in {who.id for _, who in rows} if (pace := _pace(_times(rows, who))) is not None]
    hours = left / mean(paces) if left and paces else None
    recent = now() - timedelta(hours=1)
    last_hour = sum(row.state == "submitted" and row.changed_at >= recent for row, _ in rows)
    return {"wanted": wanted, "submitted": submitted, "left": left, "hours_left": hours, "last_hour": last_hour}


def _person(
    campaign: CampaignInfo, who: Annotator, rows: Sequence[Row], practice: Sequence[Row], phrases: Sequence[PhraseRow],
    used: dict[str, int], agreed: Agreement,
) -> dict[str, Any]:  # fmt: skip
    own = [row for row, other in rows if other.id == who.id]
    states = [row.state for row in own]
    written = [phrase for phrase in phrases if phrase[0] == who.id]
    seconds = [took for *_, took, _ in written if took is not None]
    times = [row.changed_at for row in own] + [when for *_, when in written]
    practised = [row for row, other in practice if other.id == who.id and row.state != "open"]
    scores = [row.score or 0.0 for row in practised]
    return {
        "annotator": who.name,
        "role": who.role,
        "left": who.left_at is not None,
        "submitted": states.count("submitted"),
        "skipped": states.count("skipped"),
        "open": states.count("open"),
        "phrases": len(written),
        "words_per_phrase": mean(len(text.split()) for _, _, _, text, _, _ in written) if written else None,
        "seconds_per_phrase": median(seconds) if seconds else None,
        "images_per_hour": _pace(_times(rows, who.id)),
        "agreement": agreed.as_json(),
        "suggestions": {
            "seen": sum(count for exposure, count in used.items() if exposure != "offered"),
            "accepted": used.get("accepted", 0),
            "edited": used.get("edited", 0),
        },
        "practice": (
            {"done": len(scores), "total": len(campaign.options.practice), "score": mean(scores) if scores else None}
            if campaign.options.practice
            else None
        ),
        "last": max(times).isoformat(timespec="seconds") if times else None,
    }


def _agreements(
    rows: Sequence[Row], phrases: Sequence[PhraseRow], cache: AgreementCache
) -> tuple[dict[int, Agreement], Agreement]:  # fmt: skip
    """Each person's agreement with the others who submitted the same images, and everybody's with everybody."""
    done: dict[int, list[int]] = defaultdict(list)
    for row, who in rows:
        if row.state == "submitted":
            done[row.image_id].append(who.id)
    said: dict[int, dict[int, list[Said]]] = defaultdict(lambda: defaultdict(list))
    stamps: dict[int, list[Any]] = defaultdict(list)
    for annotator, image, box, text, _, changed in phrases:
        said[image][annotator].append((box, text))
        stamps[image].append(changed)
    per_person: dict[int, Agreement] = defaultdict(Agreement)
    everybody = Agreement()
    for image, annotators in done.items():
        if len(annotators) > 1:
            stamp = (sorted(annotators), stamps[image])
            pairs = cache.of(image, stamp, {who: said[image][who] for who in annotators})
            for (one, other), agreed in pairs.items():
                everybody.add(agreed)
                per_person[one].add(agreed)
                per_person[other].add(agreed)
    return per_person, everybody


def _phrases(session: Session, campaign: CampaignInfo, images: Iterable[int]) -> list[PhraseRow]:
    """The phrases that count, but those that a reviewer wrote."""
    wanted = set(images)
    rows = session.execute(
        select(
            Phrase.annotator_id, Region.image_id, Region.x, Region.y, Region.width, Region.height, Phrase.text,
            Phrase.seconds, Phrase.changed_at,
        )
        .join(Region, Region.id == Phrase.region_id)
        .where(
            Phrase.campaign_id == campaign.id, Phrase.state.in_(COUNTED), ~ADJUDICATED,
            or_(Phrase.import_id.is_(None), Phrase.import_id.in_(FINISHED)),
        )
        .order_by(Phrase.id)
    )  # fmt: skip
    return [
        (annotator, image, (x, y, width, height), text, seconds, changed)
        for annotator, image, x, y, width, height, text, seconds, changed in rows
        if image in wanted
    ]


def _exposures(session: Session, campaign: CampaignInfo) -> dict[int, dict[str, int]]:
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    for annotator, exposure, count in session.execute(
        select(Suggestion.annotator_id, Suggestion.exposure, func.count())
        .where(Suggestion.campaign_id == campaign.id)
        .group_by(Suggestion.annotator_id, Suggestion.exposure)
    ):
        counted[annotator][exposure] = count
    return counted


def _times(rows: Sequence[Row], annotator_id: int) -> list[datetime]:
    """When a person submitted one image after another."""
    return sorted(row.changed_at for row, who in rows if who.id == annotator_id and row.state == "submitted")


def _pace(times: Sequence[datetime]) -> float | None:
    """Images in an hour of work; None before there are two without a break between them."""
    gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier <= BREAK]
    seconds = sum(gaps, timedelta()).total_seconds()
    return len(gaps) * 3600 / seconds if seconds > 0 else None


def _short(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
