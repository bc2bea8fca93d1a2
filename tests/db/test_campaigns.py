"""Campaigns: what they ask for, and what is wrong with it said at once."""

from __future__ import annotations

import pytest

from vsa_toolkit.db.campaigns import (
    CampaignOptions,
    KnownAnswer,
    create_campaign,
    find_campaign,
    list_campaigns,
    practice_answers,
)
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError

ANSWER = KnownAnswer((1.0, 2.0, 10.0, 12.0), ("a red dog", "the dog"))


def test_a_campaign_keeps_what_it_asks_for(filled: Workspace) -> None:
    database = filled.database
    practice = practice_answers(database, "made", [("photo0", [ANSWER]), ("photo1", [ANSWER]), ("photo0", [ANSWER])])
    options = CampaignOptions(
        split="train", phrases_per_image=3, suggest=("boxes",), suggest_when="at-once", region_set=region_set(filled),
        return_hours=5.0, pass_mark=0.75, practice=practice,
    )  # fmt: skip
    made = create_campaign(
        database, "made", " my  pilot ", overlap=3, blind=True, guidelines="be kind", options=options
    )
    found = find_campaign(database, "made", "my pilot")
    assert found == made
    assert (found.overlap, found.blind, found.guidelines, found.options) == (3, True, "be kind", options)
    assert [len(answers) for answers in found.options.practice.values()] == [2, 1]
    assert list_campaigns(database) == list_campaigns(database, "made") == [made]


def test_options_of_a_newer_vsa_do_no_harm() -> None:
    assert CampaignOptions.from_json({"split": "val", "colour": "blue"}) == CampaignOptions(split="val")
    assert CampaignOptions.from_json({}) == CampaignOptions()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (CampaignOptions(split="tran"), "has no split 'tran'. Did you mean 'train'"),
        (CampaignOptions(suggest=("boxes",)), "--proposer-set"),
        (CampaignOptions(suggest=("boxes",), region_set="grd"), "no region set 'grd'"),
        (CampaignOptions(suggest=("phrases",)), "--run"),
        (CampaignOptions(suggest=("phrases",), run=7), "no finished run 7"),
    ],
)
def test_what_is_not_there_cannot_be_asked_for(filled: Workspace, options: CampaignOptions, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        create_campaign(filled.database, "made", "pilot", options=options)
    assert list_campaigns(filled.database) == []


def test_practice_answers_must_be_on_images_that_are_there(filled: Workspace) -> None:
    with pytest.raises(UserError, match="has no image 'photo9'"):
        practice_answers(filled.database, "made", [("photo9", [ANSWER])])
    outside = practice_answers(filled.database, "made", [("photo0", [KnownAnswer((90, 90, 5, 5), ("a dog",))])])
    with pytest.raises(DataError, match=r"practice image 'photo0': box .* lies outside"):
        create_campaign(filled.database, "made", "pilot", options=CampaignOptions(practice=outside))


def region_set(workspace: Workspace) -> str:
    number = workspace.store.create_region_set("made", "proposed", "grid", {})
    workspace.store.finish_region_set(number)
    return "proposed"
