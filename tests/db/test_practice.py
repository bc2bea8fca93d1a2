"""Practice images, known answers and the pass mark."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from vsa_toolkit.db import practice, queue
from vsa_toolkit.db.campaigns import CampaignInfo, CampaignOptions, KnownAnswer, create_campaign
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.practice import compare, read_answers
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError

DOG = (2.0, 3.0, 10.0, 12.0)
CAT = (20.0, 3.0, 10.0, 12.0)
KNOWN = (KnownAnswer(DOG, ("a red dog", "the dog")), KnownAnswer(CAT, ("a cat",)))


@pytest.fixture
def campaign(filled: Workspace) -> CampaignInfo:
    options = CampaignOptions(split="train", practice={1: KNOWN, 3: KNOWN[:1]}, pass_mark=0.7)
    return create_campaign(filled.database, "made", "pilot", overlap=1, options=options)


@pytest.fixture
def write(filled: Workspace, campaign: CampaignInfo) -> Callable[..., dict[str, object]]:
    """Ann writes phrases on an image and submits it."""
    book, numbers = PhraseBook(filled.database), itertools.count()
    ann = book.annotator("ann")

    def write(image: int, *phrases: tuple[str, tuple[float, float, float, float]]) -> dict[str, object]:
        at = Place(campaign.id, ann, image)
        for text, box in phrases:
            book.add(at, f"operation-{next(numbers)}", text, box)
        answer: dict[str, object] = book.submit(at, f"operation-{next(numbers)}")
        return answer

    return write


def ann_of(workspace: Workspace) -> int:
    return PhraseBook(workspace.database).annotator("ann")


def test_practice_comes_first_and_is_passed_at_the_mark(
    filled: Workspace, campaign: CampaignInfo, write: Callable[..., dict[str, object]]
) -> None:
    ann = ann_of(filled)
    assert practice.next_practice(filled.database, campaign, ann) == 1
    told = write(1, ("the red dog", DOG), ("a bird", CAT), ("grass", (0.0, 20.0, 40.0, 10.0)))["practice"]
    assert isinstance(told, dict)
    assert told["score"] == 0.5
    assert [answer["right"] for answer in told["answers"]] == [True, False]
    assert len(told["extra"]) == 1
    assert practice.next_practice(filled.database, campaign, ann) == 3
    write(3, ("dog", DOG))
    state = practice.practice_state(filled.database, campaign, ann)
    assert state is not None
    assert (state.done, state.total, state.score, state.passed) == (2, 2, 0.75, True)
    assert practice.next_practice(filled.database, campaign, ann) is None
    assert not practice.practise_again(filled.database, campaign, ann)


def test_who_misses_the_mark_may_practise_again(
    filled: Workspace, campaign: CampaignInfo, write: Callable[..., dict[str, object]]
) -> None:
    ann = ann_of(filled)
    for image in (1, 3):
        practice.next_practice(filled.database, campaign, ann)
        write(image)
    state = practice.practice_state(filled.database, campaign, ann)
    assert state is not None
    assert (state.score, state.passed) == (0, False)
    assert practice.practise_again(filled.database, campaign, ann)
    assert practice.next_practice(filled.database, campaign, ann) == 1
    write(1, ("a dog", DOG), ("the cat", CAT))
    write(3, ("a dog", DOG))
    state = practice.practice_state(filled.database, campaign, ann)
    assert state is not None
    assert state.passed


def test_practice_images_are_not_in_the_queue(filled: Workspace, campaign: CampaignInfo) -> None:
    ann = ann_of(filled)
    assert queue.next_image(filled.database, campaign, ann) == 2
    assert queue.progress(filled.database, campaign, ann) == {"done": 0, "total": 2}


def test_an_undone_submission_of_a_practice_image_has_no_score(
    filled: Workspace, campaign: CampaignInfo, write: Callable[..., dict[str, object]]
) -> None:
    ann = ann_of(filled)
    practice.next_practice(filled.database, campaign, ann)
    write(1, ("a dog", DOG))
    PhraseBook(filled.database).undo(Place(campaign.id, ann, 1), "take-it-back")
    state = practice.practice_state(filled.database, campaign, ann)
    assert state is not None
    assert (state.done, state.score) == (0, None)


def test_each_phrase_answers_one_question_and_the_best_pairs_win() -> None:
    inside = (3.0, 4.0, 9.0, 11.0)
    graded = compare(
        (KnownAnswer(DOG, ("a dog",)), KnownAnswer(inside, ("its coat",))), [(7, "the coat", DOG), (8, "dog", inside)]
    )
    assert [answer["phrase"] for answer in graded["answers"]] == [8, 7]
    assert graded["score"] == 1
    assert compare(KNOWN, [])["score"] == 0


def test_answers_are_read_from_lines(tmp_path: Path) -> None:
    file = tmp_path / "practice.jsonl"
    file.write_text('{"image": "a", "answers": [{"box": [1, 2, 3, 4], "phrases": ["x y"]}]}\n\n', encoding="utf-8")
    assert read_answers(file) == [("a", [KnownAnswer((1.0, 2.0, 3.0, 4.0), ("x y",))])]


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"image": "a"}', '{"image": "a", "answers": []}', '{"image": 5, "answers": [{}]}',
        '{"image": "a", "answers": [{"box": [1, 2, 3], "phrases": ["x"]}]}',
        '{"image": "a", "answers": [{"box": [1, 2, 3, 4], "phrases": []}]}',
        '{"image": "a", "answers": [{"box": [1, 2, 3, 4], "phrases": [" "]}]}',
        '{"image": "a", "answers": [{"box": [1, 2, 3, "x"], "phrases": ["x"]}]}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "practice.jsonl"
    file.write_text("\n" + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"practice.jsonl:2 must be like"):
        read_answers(file)
