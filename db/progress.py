"""How far a campaign is and how its people are doing: counts, pace, time per phrase, agreement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from statistics import mean, median
from typing import Any, NamedTuple

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
        images = set(session.scalars(images_of(campaign, split)))
        people = {row.id: row for row in session.scalars(select(Annotator))}
        rows = [Row(*found) for found in session.execute(_assignments(campaign))]
        phrases = _phrases(session, campaign, images)
        exposures = _exposures(session, campaign)
    counted = [row for row in rows if row.image in images and not row.practice]
    agreed, everybody = _agreements(counted, phrases, cache or AgreementCache())
    of_person: dict[int, Work] = {row.annotator: Work() for row in rows}
    for row in rows:
        if row.practice:
            of_person[row.annotator].practice.append(row)
    for row in counted:
        of_person[row.annotator].rows.append(row)
    for phrase in phrases:
        of_person.setdefault(phrase[0], Work()).phrases.append(phrase)
    per_person = [
        _person(campaign, people[number], work, exposures.get(number, {}), agreed.get(number, Agreement()))
        for number, work in sorted(of_person.items(), key=lambda item: people[item[0]].name)
    ]
    return {
        "campaign": {
            "name": campaign.name, "dataset": campaign.dataset, "split": split or campaign.options.split,
            "overlap": campaign.overlap, "blind": campaign.blind,
        },
        "images": _images(campaign, len(images), counted),
        "work": _work(campaign, len(images), counted),
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


class Row(NamedTuple):
    """An assignment."""

    annotator: int
    image: int
    state: str
    practice: bool
    score: float | None
    changed: datetime


PhraseRow = tuple[int, int, Box, str, float | None, datetime]
"""Annotator, image, box, words, seconds, changed."""


@dataclass
class Work:
    """What one person did: assignments that count, practice, phrases that count."""

    rows: list[Row] = field(default_factory=list)
    practice: list[Row] = field(default_factory=list)
    phrases: list[PhraseRow] = field(default_factory=list)


def _images(campaign: CampaignInfo, total: int, rows: Sequence[Row]) -> dict[str, int]:
    """Images that have all the people they need, that some are at, that nobody has begun, that were given up."""
    submitted, skipped = (
        Counter(row.image for row in rows if row.state == state) for state in ("submitted", "skipped")
    )
    needed = campaign.overlap or 1
    complete = {image for image, count in submitted.items() if count >= needed}
    given_up = {image for image, count in skipped.items() if count >= needed} - complete
    begun = {row.image for row in rows if row.state != "released"} - complete - given_up
    return {
        "total": total, "complete": len(complete), "begun": len(begun), "given_up": len(given_up),
        "untouched": total - len(complete) - len(begun) - len(given_up),
    }  # fmt: skip


def _work(campaign: CampaignInfo, total: int, rows: Sequence[Row]) -> dict[str, Any]:
    """Submissions: wanted (None: nobody said), there, and how long the rest takes at the pace so far."""
    submitted = [row for row in rows if row.state == "submitted"]
    wanted = None if campaign.overlap is None else total * campaign.overlap
    left = None if wanted is None else max(0, wanted - len(submitted))
    times: dict[int, list[datetime]] = defaultdict(list)
    for row in submitted:
        times[row.annotator].append(row.changed)
    paces = [pace for moments in times.values() if (pace := _pace(moments)) is not None]
    recent = now() - timedelta(hours=1)
    return {
        "wanted": wanted, "submitted": len(submitted), "left": left,
        "hours_left": left / mean(paces) if left and paces else None,
        "last_hour": sum(row.changed >= recent for row in submitted),
    }  # fmt: skip


def _person(
    campaign: CampaignInfo, who: Annotator, work: Work, used: dict[str, int], agreed: Agreement
) -> dict[str, Any]:  # fmt: skip
    states = Counter(row.state for row in work.rows)
    seconds = [took for *_, took, _ in work.phrases if took is not None]
    times = [row.changed for row in work.rows] + [when for *_, when in work.phrases]
    scores = [row.score or 0.0 for row in work.practice if row.state != "open"]
    words = [len(text.split()) for _, _, _, text, _, _ in work.phrases]
    return {
        "annotator": who.name,
        "role": who.role,
        "left": who.left_at is not None,
        "submitted": states["submitted"],
        "skipped": states["skipped"],
        "open": states["open"],
        "phrases": len(work.phrases),
        "words_per_phrase": mean(words) if words else None,
        "seconds_per_phrase": median(seconds) if seconds else None,
        "images_per_hour": _pace([row.changed for row in work.rows if row.state == "submitted"]),
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
    for row in rows:
        if row.state == "submitted":
            done[row.image].append(row.annotator)
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


def _assignments(campaign: CampaignInfo) -> Any:
    """The columns of `Row`."""
    a = Assignment
    return select(a.annotator_id, a.image_id, a.state, a.practice, a.score, a.changed_at).where(
        a.campaign_id == campaign.id
    )


def _phrases(session: Session, campaign: CampaignInfo, images: Set[int]) -> list[PhraseRow]:
    """The phrases that count, but those that a reviewer wrote."""
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
        if image in images
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


def _pace(times: Sequence[datetime]) -> float | None:
    """Images in an hour of work, from when each was submitted; None before two come without a break between them."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(times)) if later - earlier <= BREAK]
    seconds = sum(gaps, timedelta()).total_seconds()
    return len(gaps) * 3600 / seconds if seconds > 0 else None


def _short(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
