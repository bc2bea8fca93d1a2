"""What evaluation reads of people's phrases: the counted ones, whose images are done, who saw suggestions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from vsa_toolkit.db.models import (
    Annotator,
    Assignment,
    Campaign,
    Dataset,
    Image,
    Phrase,
    PhraseSource,
    Region,
    RegionSet,
    Suggestion,
)
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError


@dataclass
class Desk:
    """Writes what two annotators did, row by row."""

    workspace: Workspace
    campaign: int
    people: dict[str, int]
    images: list[int]

    def add(self, row: object) -> int:
        with self.workspace.database.write() as session:
            session.add(row)
            session.flush()
            return row.id  # type: ignore[attr-defined, no-any-return]

    def assign(self, name: str, image: int, state: str = "submitted", practice: bool = False) -> None:
        self.add(
            Assignment(
                campaign_id=self.campaign, annotator_id=self.people[name], image_id=image, state=state,
                practice=practice, reason="blurred" if state == "skipped" else None,
            )
        )  # fmt: skip

    def say(self, name: str, image: int, text: str, state: str = "submitted", x: float = 1.0) -> int:
        with self.workspace.database.read() as session:
            regions = session.get_one(Campaign, self.campaign).region_set_id
        region = self.add(Region(region_set_id=regions, image_id=image, x=x, y=2.0, width=10.0, height=12.0))
        return self.add(
            Phrase(
                region_id=region, campaign_id=self.campaign, annotator_id=self.people[name], text=text, state=state,
                version=1,
            )
        )  # fmt: skip


@pytest.fixture
def desk(filled: Workspace) -> Desk:
    with filled.database.write() as session:
        dataset = session.scalars(select(Dataset)).one()
        regions = RegionSet(dataset_id=dataset.id, name="campaign pilot", kind="campaign", state="finished")
        session.add(regions)
        session.flush()
        campaign = Campaign(dataset_id=dataset.id, region_set_id=regions.id, name="pilot", overlap=2)
        people = [Annotator(name="ann"), Annotator(name="bob")]
        session.add_all([campaign, *people])
        session.flush()
        images = session.scalars(select(Image.id).where(Image.split == "train").order_by(Image.id)).all()
        return Desk(filled, campaign.id, {p.name: p.id for p in people}, list(images))


def test_submitted_and_accepted_phrases_count_and_no_others(desk: Desk) -> None:
    first = desk.images[0]
    desk.assign("ann", first)
    for state in ("draft", "submitted", "accepted", "rejected"):
        desk.say("ann", first, f"{state} words", state)
    found = desk.workspace.store.read_collected("made", "train", None)
    assert [phrase.text for phrase in found.phrases] == ["submitted words", "accepted words"]
    assert found.phrases[0].box == (1.0, 2.0, 10.0, 12.0)
    assert (found.campaign, [image.id for image in found.images]) == ("pilot", [first])


def test_a_finished_image_without_a_phrase_is_done_too(desk: Desk) -> None:
    first, second, third, _ = desk.images
    desk.assign("ann", first)
    desk.say("ann", first, "a dog")
    desk.assign("bob", first)
    desk.assign("bob", second, "open")
    desk.assign("bob", third, "skipped")
    found = desk.workspace.store.read_collected("made", "train", "pilot")
    assert found.done == {("ann", first), ("bob", first)}


def test_practice_and_adjudicated_phrases_are_left_out(desk: Desk) -> None:
    first, second, *_ = desk.images
    desk.assign("ann", first)
    desk.assign("ann", second, practice=True)
    source = desk.say("ann", first, "a dog")
    desk.say("ann", second, "practised")
    judged = desk.say("bob", first, "the dog", "accepted")
    with desk.workspace.database.write() as session:
        session.add(PhraseSource(phrase_id=judged, source_id=source))
    found = desk.workspace.store.read_collected("made", "train", None)
    assert [phrase.text for phrase in found.phrases] == ["a dog"]
    assert found.done == {("ann", first)}


def test_suggestions_count_once_they_were_seen(desk: Desk) -> None:
    first, second, *_ = desk.images
    for image in (first, second):
        desk.assign("ann", image)
    phrase = desk.say("ann", first, "a dog")
    desk.say("ann", second, "a cat")
    for image, exposure, made in ((first, "edited", phrase), (second, "offered", None)):
        desk.add(
            Suggestion(
                campaign_id=desk.campaign, annotator_id=desk.people["ann"], image_id=image, text="dog",
                exposure=exposure, phrase_id=made,
            )
        )  # fmt: skip
    found = desk.workspace.store.read_collected("made", "train", None)
    assert found.shown == {("ann", first)}
    assert [p.suggestion for p in found.phrases] == ["edited", None]


def test_imported_phrases_need_no_assignment(desk: Desk) -> None:
    desk.say("bob", desk.images[2], "a red dog")
    assert desk.workspace.store.read_collected("made", "train", None).done == {("bob", desk.images[2])}


def test_the_fingerprint_is_of_what_was_said(desk: Desk) -> None:
    desk.say("bob", desk.images[0], "a dog")
    before = desk.workspace.store.read_collected("made", "train", None).fingerprint
    assert desk.workspace.store.read_collected("made", "train", None).fingerprint == before
    desk.say("bob", desk.images[1], "a cat")
    assert desk.workspace.store.read_collected("made", "train", None).fingerprint != before


def test_where_nothing_was_collected_or_too_much_to_choose_from_the_sentence_says_so(desk: Desk) -> None:
    store = desk.workspace.store
    with pytest.raises(UserError, match="nobody has submitted a phrase on split 'train'"):
        store.read_collected("made", "train", None)
    with pytest.raises(UserError, match=r"no campaign 'pilott'\. Did you mean 'pilot'"):
        store.read_collected("made", "train", "pilott")
    desk.say("ann", desk.images[0], "a dog")
    with desk.workspace.database.write() as session:
        regions = RegionSet(dataset_id=1, name="campaign other", kind="campaign", state="finished")
        session.add(regions)
        session.flush()
        other = Campaign(dataset_id=1, region_set_id=regions.id, name="other")
        session.add(other)
        session.flush()
        number = other.id
    Desk(desk.workspace, number, desk.people, desk.images).say("ann", desk.images[0], "a dog")
    with pytest.raises(UserError, match=r"several campaigns on split 'train' \(pilot, other\)"):
        store.read_collected("made", "train", None)


def test_regions_are_read_by_id_whatever_their_set(desk: Desk) -> None:
    with desk.workspace.database.read() as session:
        ids = session.scalars(select(Region.id).order_by(Region.id)).all()
    found = desk.workspace.store.read_regions([*ids, 10_000])
    assert sorted(found) == sorted(ids)
    assert sum(region.is_frame for region in found.values()) == 6
