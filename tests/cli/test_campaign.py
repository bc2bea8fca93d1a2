"""`vsa campaign`, `annotators`, `assign` and `phrases`, as somebody types them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import open_workspace

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Commands in a workspace with the photos one.png, three.png and two.png."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("one", "two", "three"):
        Image.new("RGB", (80, 60), "#8fae6b").save(photos / f"{name}.png")

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(root, ["--workspace", str(tmp_path / "w"), *arguments])
        assert (done.exit_code if not done.exception or code == 0 else code) == code, (done.output, done.exception)
        return done

    CliRunner().invoke(root, ["init", str(tmp_path / "w")])
    run("import", "folder", str(photos))
    return run


def rows(done: Result) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_a_campaign_is_made_listed_and_looked_at(run: Run, tmp_path: Path) -> None:
    (tmp_path / "guide.txt").write_text("Say what is in the box.\n", encoding="utf-8")
    practice = {"image": "", "answers": [{"box": [1, 2, 30, 40], "phrases": ["a ball"]}]}
    with open_workspace(tmp_path / "w") as workspace:
        practice["image"] = workspace.store.read_images("folder")[0].key
    (tmp_path / "practice.jsonl").write_text(json.dumps(practice), encoding="utf-8")
    done = run(
        "campaign", "new", "pilot", "--overlap", "2", "--blind", "--guidelines", str(tmp_path / "guide.txt"),
        "--phrases-per-image", "3", "--practice", str(tmp_path / "practice.jsonl"), "--pass-mark", "0.5",
    )  # fmt: skip
    assert "to 2 people, blind" in done.stdout
    [campaign] = rows(run("campaign", "list", "--format", "json"))
    assert (campaign["campaign"], campaign["overlap"], campaign["blind"], campaign["practice"]) == ("pilot", 2, True, 1)
    status = run("campaign", "status", "pilot", "--format", "json")
    assert "0 of 2 images complete, 0 of 4 submissions" in status.stderr
    assert rows(status) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("campaign", "new", "pilot", "--split", "tran"), "split"),
        (("campaign", "new", "pilot", "--guidelines", "nowhere.txt"), "guidelines nowhere.txt cannot be read"),
        (("campaign", "new", "pilot", "--practice", "nowhere.jsonl"), "practice file nowhere.jsonl cannot be read"),
        (("campaign", "new", "pilot", "--suggest", "boxes"), "--proposer-set"),
        (("campaign", "status", "pilot"), "no campaign 'pilot'"),
        (("assign", "ann", "--campaign", "pilot", "--count", "2"), "no campaign 'pilot'"),
        (("annotators", "invite", "ann"), "no annotator 'ann'"),
        (("annotators", "add", "ann", "--public", "lab"), "must be like https://"),
        (("phrases", "edit", "5", "--text", "x"), "no phrase 5"),
        (("phrases", "delete", "5"), "no phrase 5"),
        (("phrases", "undo",), "no correction of yours"),
    ],
)  # fmt: skip
def test_wrong_use_is_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments, code=1)
    assert sentence in str(done.exception)


def test_accounts_come_and_go(run: Run) -> None:
    link = run("annotators", "add", "ann", "--role", "reviewer", "--public", "https://lab.example/").stdout.strip()
    assert link.startswith("https://lab.example/join#")
    assert run("annotators", "invite", "ann", "--public", "https://lab.example").stdout.strip() != link
    [ann] = rows(run("annotators", "list", "--format", "json"))
    assert (ann["annotator"], ann["role"], ann["state"]) == ("ann", "reviewer", "invited")
    run("annotators", "role", "ann", "owner")
    assert "0 images go back" in run("annotators", "remove", "ann").stdout
    [ann] = rows(run("annotators", "list", "--format", "json"))
    assert (ann["role"], ann["state"]) == ("owner", "left")
    run("annotators", "invite", "ann")
    assert rows(run("annotators", "list", "--format", "json"))[0]["state"] == "invited"


def test_images_are_kept_for_somebody_and_given_back(run: Run) -> None:
    run("campaign", "new", "pilot")
    run("annotators", "add", "ann")
    run("annotators", "add", "ben")
    done = run("assign", "ann", "--campaign", "pilot", "--count", "5")
    assert "3 images kept for ann" in done.stdout
    assert "no more than 3 images" in done.stderr
    assert "1 image left out" in run("assign", "ben", "1", "--campaign", "pilot").stderr
    assert "3 images of ann back" in run("assign", "ann", "--campaign", "pilot", "--release").stdout
    assert "1 image kept for ben" in run("assign", "ben", "1", "--campaign", "pilot").stdout
    assert run("assign", "ben", "--campaign", "pilot", code=2).exit_code == 2


def test_phrases_are_listed_and_corrected(run: Run, tmp_path: Path) -> None:
    with open_workspace(tmp_path / "w") as workspace:
        book = PhraseBook(workspace.database)
        at = Place(book.campaign("folder").id, book.annotator("ann"), 1)
        book.add(at, "operation-1", "teh dog", (1, 2, 30, 40))
    [phrase] = rows(run("phrases", "list", "--words", "TEH", "--format", "json"))
    assert (phrase["text"], phrase["annotator"], phrase["box"]) == ("teh dog", "ann", "1 2 30 40")
    done = run("phrases", "edit", "1", "--text", "the dog", "--box", "0", "0", "10", "10", "--as", "olga")
    assert "phrase 1 is now 'the dog' by ann on (0, 0, 10, 10)" in done.stdout
    assert "is deleted" in run("phrases", "delete", "1", "--as", "olga").stdout
    assert rows(run("phrases", "list", "--format", "json")) == []
    assert "is again 'the dog'" in run("phrases", "undo", "--as", "olga").stdout
    assert "is again 'teh dog'" in run("phrases", "undo", "--as", "olga").stdout
    [line] = csv.DictReader(io.StringIO(run("phrases", "list", "--format", "csv").stdout))
    assert line["text"] == "teh dog"
    assert run("phrases", "edit", "1", code=2).exit_code == 2
