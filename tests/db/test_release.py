from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from vsa_toolkit.db.campaigns import create_campaign
from vsa_toolkit.db.check import check_workspace
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.release import Released, make_release
from vsa_toolkit.db.releases import cited_releases, list_releases
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.importing import run_import
from vsa_toolkit.plugins.formats.release import Release
from vsa_toolkit.release import check_release, read_manifest, read_table
from vsa_toolkit.signature import read_signature
from vsa_toolkit.store import RunBatch

from .conftest import SPLITS

PEOPLE = ("Zoltan Smith", "Bob Jones")


@pytest.fixture
def described(filled: Workspace) -> Workspace:
    """Two people in one campaign: both on the first image, one of them also on the second; a draft, a practice word."""
    campaign = create_campaign(
        filled.database, "made", "effort", overlap=2, blind=True, guidelines="Say what you see.\nIn a few words."
    )
    book = PhraseBook(filled.database)
    for who in PEOPLE:
        me = book.annotator(who)
        for turn in range(2 if who == PEOPLE[0] else 1):
            image = book.next_image(campaign.id, me)
            assert image is not None
            at = Place(campaign.id, me, image)
            book.add(at, f"{who}-{turn}", f"a red dog, image {image}", (2, 3, 10, 12), seconds=2.5)
            book.submit(at, f"{who}-{turn}-done")
    at = Place(campaign.id, book.annotator(PEOPLE[1]), book.next_image(campaign.id, book.annotator(PEOPLE[1])) or 0)
    book.add(at, "unfinished", "a draft", (2, 3, 10, 12))
    return filled


def release(workspace: Workspace, name: str = "made-1.0", **options: object) -> Released:
    return make_release(workspace.database, workspace.folder, name, **options)  # type: ignore[arg-type]


def table(made: Released, name: str) -> list[dict[str, object]]:
    return list(read_table(made.folder, name))


def test_a_release_of_a_dataset_holds_all_that_people_made(described: Workspace) -> None:
    made = release(described)
    images = table(made, "images")
    assert [row["image"] for row in images] == [f"photo{number}" for number in range(len(SPLITS))]
    assert images[0] == {
        "image": "photo0", "file": "photo0.png", "split": "train", "width": 40, "height": 30,
        "sha256": images[0]["sha256"], "bytes": (described.folder / "photos" / "photo0.png").stat().st_size,
    }  # fmt: skip
    assert len(table(made, "sentences")) == 2 * len(SPLITS)
    assert {row["set"] for row in table(made, "regions")} == {"made", "campaign effort"}
    assert table(made, "regions")[0]["raw_box"] == [2, 3, 11, 14]
    assert table(made, "groundings")[0] == {
        "image": "photo0", "sentence": 0, "start": 2, "end": 9, "regions": ["1", "2"], "chain": "7",
        "categories": ["animals"],
    }  # fmt: skip
    assert [row["text"] for row in table(made, "phrases")] == [
        "a red dog, image 1", "a red dog, image 1", "a red dog, image 2",
    ]  # fmt: skip


def test_its_counts_are_those_of_its_files(described: Workspace) -> None:
    figures = release(described).figures
    assert figures == {
        "images": 6, "sentences": 12, "regions": 15, "groundings": 6, "phrases": 3, "annotations": 21, "annotators": 2,
        "words_a_phrase": 5.0, "overlap": 1.5, "splits": {"test": 1, "train": 4, "val": 1},
    }  # fmt: skip


def test_a_release_of_a_campaign_holds_what_it_collected_and_nothing_else(described: Workspace) -> None:
    made = release(described, campaign="effort")
    assert [row["image"] for row in table(made, "images")] == ["photo0", "photo1"]
    assert (table(made, "sentences"), table(made, "groundings")) == ([], [])
    assert len(table(made, "regions")) == len(table(made, "phrases")) == 3
    assert {row["campaign"] for row in table(made, "phrases")} == {"effort"}


def test_no_name_of_a_person_and_no_place_on_this_machine_is_in_it(described: Workspace) -> None:
    made = release(described)
    text = "".join(path.read_text(encoding="utf-8") for path in made.folder.iterdir())
    for secret in (*PEOPLE, "Zoltan", "Jones", str(described.folder), str(described.folder.parent)):
        assert secret not in text
    who = [row["annotator"] for row in table(made, "phrases")]
    assert who[0] != who[1]
    assert who[0] == who[2]


def test_the_same_person_has_the_same_pseudonym_in_every_release_of_a_database(described: Workspace) -> None:
    first, second = release(described, "one"), release(described, "two", campaign="effort")
    assert [r["annotator"] for r in table(first, "phrases")] == [r["annotator"] for r in table(second, "phrases")]


def test_parts_tell_their_source_and_licence_and_the_card_says_what_nobody_stated(described: Workspace) -> None:
    made = release(
        described, licences={"effort": "CC BY 4.0"}, sources={"made": "https://example.org/made"}
    )  # fmt: skip
    parts = {part["name"]: part for part in read_manifest(made.folder)["parts"]}
    assert (parts["effort"]["licence"], parts["effort"]["brought"]) == ("CC BY 4.0", {"phrases": 3})
    assert (parts["made"]["source"], parts["made"]["licence"]) == ("https://example.org/made", None)
    assert made.unlicensed == ("made",)
    card = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "| effort | campaign | 3 phrases | collected with vsa | CC BY 4.0 |" in card
    assert "Parts without a stated licence" in card
    assert "> Say what you see.\n> In a few words." in card
    assert "2 annotators get each image; who describes it does not see what others wrote" in card


def test_one_licence_can_be_that_of_all_parts(described: Workspace) -> None:
    assert release(described, licences={"": "CC0"}).unlicensed == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../up"}, "cannot name a release"),
        ({"name": ""}, "cannot name a release"),
        ({"dataset": "mode"}, "Did you mean 'made'"),
        ({"campaign": "efort"}, "Did you mean 'effort'"),
        ({"licences": {"efort": "CC0"}}, "has no part 'efort'. Did you mean 'effort'"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_left(
    described: Workspace, options: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        release(described, **{"name": "made-1.0", **options})
    assert list((described.folder / "releases").glob("*")) == []
    assert list_releases(described.database) == []


def test_a_campaign_without_phrases_is_not_released(filled: Workspace) -> None:
    create_campaign(filled.database, "made", "nothing yet")
    with pytest.raises(DataError, match="has no submitted phrase"):
        release(filled, campaign="nothing yet")


def test_a_release_never_changes(described: Workspace) -> None:
    made = release(described)
    before = (made.folder / "release.json").read_bytes()
    with pytest.raises(UserError, match="releases do not change"):
        release(described, campaign="effort")
    assert (made.folder / "release.json").read_bytes() == before


def test_files_of_a_release_that_was_killed_before_its_row_was_written_are_made_again(described: Workspace) -> None:
    made = release(described)
    with described.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM releases")
    assert release(described).figures == made.figures
    (described.folder / "releases" / "mine").mkdir()
    with pytest.raises(UserError, match="is there already"):
        release(described, "mine")


def test_its_checksums_can_be_checked_with_and_without_vsa(described: Workspace) -> None:
    made = release(described)
    assert check_release(made.folder) == []
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=made.folder, capture_output=True)
    assert done.returncode == 0


def test_whatever_is_changed_afterwards_is_found(described: Workspace) -> None:
    made = release(described)
    with (made.folder / "phrases.jsonl").open("a") as file:
        file.write("{}\n")
    (made.folder / "regions.jsonl").unlink()
    (made.folder / "more.txt").write_text("")
    assert check_release(made.folder) == [
        "regions.jsonl is missing.",
        "phrases.jsonl was changed: its sha256 is not the released one.",
        "more.txt is no part of the release.",
    ]
    kinds = {finding.kind for finding in check_workspace(described.database, described.folder)}
    assert kinds == {"release changed"}


def test_a_release_whose_list_was_rewritten_is_not_the_one_in_the_database(described: Workspace) -> None:
    made = release(described)
    manifest = made.folder / "release.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"made-1.0"', '"made-1.1"'), encoding="utf-8")
    digest = subprocess.run(["sha256sum", "release.json"], cwd=made.folder, capture_output=True, text=True).stdout
    sums = made.folder / "SHA256SUMS"
    kept = [line for line in sums.read_text().splitlines() if not line.endswith("release.json")]
    sums.write_text("\n".join([*kept, digest]))
    assert check_release(made.folder) == []
    (finding,) = check_workspace(described.database, described.folder)
    assert finding.detail == "release.json is not the one that was released."


def test_a_release_is_read_back_with_its_photos(described: Workspace) -> None:
    made = release(described)
    options = Release.Options(images=described.folder / "photos")
    summary = run_import(described.store, Release(options), made.folder)
    assert summary.dataset == "made-1.0"
    assert summary.problems == ()
    assert {what: summary.added[what] for what in ("images", "sentences", "regions", "groundings", "phrases")} == {
        "images": 6, "sentences": 12, "regions": 15, "groundings": 6, "phrases": 3,
    }  # fmt: skip
    split = described.store.read_split("made-1.0", "test", "frame")
    assert split.groundings[0].boxes == described.store.read_split("made", "test", "frame").groundings[0].boxes


def test_a_release_that_was_changed_is_not_read_back(described: Workspace) -> None:
    made = release(described)
    (made.folder / "regions.jsonl").write_text("")
    options = Release.Options(images=described.folder / "photos")
    with pytest.raises(DataError, match=r"is not as it was released: regions\.jsonl was changed"):
        run_import(described.store, Release(options), made.folder)


def test_an_evaluation_names_the_release_that_has_its_data(described: Workspace) -> None:
    """Also where the run had regions that a proposer made; and no longer when the data is another."""
    made = release(described)
    store = described.store
    store.finish_region_set(store.create_region_set("made", "grid", "grid", {}))
    for region_set in ("frame", "grid"):
        checkpoint = store.create_checkpoint("brnn", "made", region_set, "encoder", {}, {})
        store.finish_checkpoint(checkpoint.id, "abc", {})
        split = store.read_split("made", "train", region_set)
        run = store.create_run(store.read_checkpoint(checkpoint.id), split, {}, {})
        scores = np.random.default_rng(0).random((4, 8)).astype(np.float32)
        store.save_batch(run.id, RunBatch([image.id for image in split.images], scores=scores))
        store.finish_run(run.id, split, {})
        shown = described.evaluate("retrieval", runs=[run.id], split="train", published=False)
        signature = next(row.signature for row in shown.rows if row.source == "run")
        assert signature is not None
        assert read_signature(signature)["release"] == f"made-1.0@{made.digest[:12]}"
    with described.database.read() as session:
        known = cited_releases(session, "made")
        assert len(known) == 4  # three splits with their whole photos, and what the campaign collected
        assert cited_releases(session, "other") == {}


def test_releases_are_listed(described: Workspace) -> None:
    made = release(described, campaign="effort")
    (row,) = list_releases(described.database)
    assert (row["release"], row["dataset"], row["campaign"], row["phrases"]) == ("made-1.0", "made", "effort", 3)
    assert row["digest"] == made.digest[:12]
    assert json.dumps(row)
