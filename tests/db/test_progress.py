"""How far a campaign is and how its people are doing."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select

from vsa_toolkit.db.base import now
from vsa_toolkit.db.campaigns import CampaignInfo, create_campaign
from vsa_toolkit.db.models import Assignment
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.progress import AgreementCache, agreement, campaign_progress, flat_people, summary
from vsa_toolkit.db.workspace import Workspace

DOG, CAT, GRASS = (2.0, 3.0, 10.0, 12.0), (20.0, 3.0, 10.0, 12.0), (0.0, 20.0, 40.0, 10.0)


@pytest.fixture
def campaign(filled: Workspace) -> CampaignInfo:
    """Ann and ben have both done image 1, ann alone image 2 and skipped 3; cat has begun image 2."""
    made = create_campaign(filled.database, "made", "pilot", overlap=2)
    book, numbers = PhraseBook(filled.database), itertools.count()

    def write(name: str, *phrases: tuple[str, tuple[float, ...]], submit: bool = True) -> None:
        person = book.annotator(name)
        image = book.next_image(made.id, person)
        assert image is not None
        at = Place(made.id, person, image)
        for text, box in phrases:
            book.add(at, f"operation-{next(numbers)}", text, box, seconds=4.0)  # type: ignore[arg-type]
        if submit:
            book.submit(at, f"operation-{next(numbers)}")

    write("ann", ("a red dog", DOG), ("a cat", CAT))
    write("ben", ("the red dog", DOG), ("grass", GRASS))
    write("ann", ("two words", DOG))
    at = Place(made.id, book.annotator("ann"), 3)
    assert book.next_image(made.id, at.annotator_id) == 3
    book.skip(at, "operation-skip", "too dark")
    write("cat", ("a draft", DOG), submit=False)
    return made


def test_counts_of_images_and_of_people(filled: Workspace, campaign: CampaignInfo) -> None:
    progress = campaign_progress(filled.database, campaign)
    assert progress["images"] == {"total": 6, "complete": 1, "begun": 2, "given_up": 0, "untouched": 3}
    work = progress["work"]
    assert (work["wanted"], work["submitted"], work["left"], work["last_hour"]) == (12, 3, 9, 3)
    ann, ben, cat = progress["people"]
    assert (ann["annotator"], ann["submitted"], ann["skipped"], ann["open"], ann["phrases"]) == ("ann", 2, 1, 0, 3)
    assert (ben["submitted"], ben["phrases"], ben["seconds_per_phrase"]) == (1, 2, 4.0)
    assert (cat["submitted"], cat["open"], cat["phrases"]) == (0, 1, 0)  # drafts do not count
    assert ann["words_per_phrase"] == pytest.approx(7 / 3)
    assert progress["phrases"] == 5


def test_agreement_is_of_those_who_did_the_same_image(filled: Workspace, campaign: CampaignInfo) -> None:
    progress = campaign_progress(filled.database, campaign)
    assert progress["agreement"] == {"boxes": 0.5, "words": 1.0}
    ann, ben, cat = progress["people"]
    assert ann["agreement"] == ben["agreement"] == {"boxes": 0.5, "words": 1.0}
    assert cat["agreement"] == {"boxes": None, "words": None}


def test_what_has_not_changed_is_not_compared_again(filled: Workspace, campaign: CampaignInfo) -> None:
    cache = AgreementCache()
    first = campaign_progress(filled.database, campaign, cache)
    [(stamp, pairs)] = cache.images.values()
    assert campaign_progress(filled.database, campaign, cache) == first
    assert cache.images[1][1] is pairs
    book = PhraseBook(filled.database)
    at = Place(campaign.id, book.annotator("ben"), 1)
    book.edit(at, "operation-edit", book.phrases(at)[0].id, "a blue bird")
    assert campaign_progress(filled.database, campaign, cache)["agreement"]["words"] < 1
    assert cache.images[1][0] != stamp


def test_pace_leaves_breaks_out(filled: Workspace, campaign: CampaignInfo) -> None:
    """Ann's two images: a minute apart counts, an hour apart is a break."""
    for minutes, expected in ((1, 60), (60, None)):
        with filled.database.write() as session:
            rows = session.scalars(
                select(Assignment).where(Assignment.state == "submitted").order_by(Assignment.id)
            ).all()
            ann = [row for row in rows if row.annotator_id == rows[0].annotator_id]
            for number, row in enumerate(ann):
                row.changed_at = now() - timedelta(hours=3) + timedelta(minutes=minutes * number)
        progress = campaign_progress(filled.database, campaign)
        pace = progress["people"][0]["images_per_hour"]
        assert (pace is None) if expected is None else pace == pytest.approx(expected)
        assert (progress["work"]["hours_left"] is None) == (expected is None)


def test_nobody_saying_anything_is_agreement_and_saying_other_things_is_none() -> None:
    assert agreement([], []).as_json() == {"boxes": 1.0, "words": None}
    assert agreement([(DOG, "a dog")], []).as_json() == {"boxes": 0.0, "words": None}
    assert agreement([(DOG, "a dog")], [(DOG, "a bird")]).as_json() == {"boxes": 1.0, "words": 0.0}


def test_a_campaign_is_a_sentence_and_its_people_are_rows(filled: Workspace, campaign: CampaignInfo) -> None:
    progress = campaign_progress(filled.database, campaign)
    assert "1 of 6 images complete, 3 of 12 submissions, 5 phrases" in summary(progress)
    rows = flat_people(progress)
    assert [row["annotator"] for row in rows] == ["ann", "ben", "cat"]
    assert all(value is None or isinstance(value, str | int | float) for row in rows for value in row.values())
