import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.sentence_matching import SpanMap, edit_distance, match_sentences

texts = st.text("ab cd,é", max_size=12)


def pairs(incoming: list[str], stored: list[str]) -> list[tuple[int, int, bool]]:
    return [(m.incoming, m.stored, m.exact) for m in match_sentences(incoming, stored)]


def test_the_same_sentences_in_another_order_match_exactly() -> None:
    stored = ["A dog runs .", "Two men .", "A cat"]
    assert pairs(["A cat", "A dog runs.", "two MEN"], stored) == [(0, 2, True), (1, 0, True), (2, 1, True)]


def test_equal_sentences_go_one_to_one() -> None:
    assert pairs(["A dog", "A dog"], ["A dog", "a dog ."]) == [(0, 0, True), (1, 1, True)]


def test_the_rest_goes_to_the_nearest_as_a_whole() -> None:
    """Each alone is nearest to the first stored one; together the smallest sum decides."""
    stored = ["a small grey dog sits", "a small grey dog sits down"]
    assert pairs(["a small gray dog sits dawn", "a small gray dog sits"], stored) == [(0, 1, False), (1, 0, False)]


def test_a_sentence_far_from_all_is_left_unmatched() -> None:
    assert pairs(["A black and white dog sliding down a slope ."], ["A"]) == []


def test_more_sentences_than_are_stored_leave_some_over() -> None:
    assert len(pairs(["a dog", "a dig", "a cat that is far from it"], ["a dog"])) == 1


def test_many_sentences_match_without_trying_all_orders() -> None:
    stored = [f"sentence number {n} about a grey dog" for n in range(12)]
    incoming = [text.replace("grey", "gray") for text in reversed(stored)]
    assert [(i, j) for i, j, _ in pairs(incoming, stored)] == [(n, 11 - n) for n in range(12)]


@given(st.permutations(range(5)))
def test_any_order_of_distinct_sentences_is_found(order: list[int]) -> None:
    stored = ["one dog", "two cats", "three birds", "four men", "five boats"]
    assert pairs([stored[n] for n in order], stored) == [(i, n, True) for i, n in enumerate(order)]


@given(texts, texts, texts)
def test_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


@given(texts, texts)
def test_edit_distance_equals_the_plain_recursion(a: str, b: str) -> None:
    table = [[i + j for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )  # fmt: skip
    assert edit_distance(a, b) == table[-1][-1]


# Spans


@pytest.mark.parametrize(
    ("source", "target", "span", "expected"),
    [
        ("A gray dog runs", "A grey dog runs", "gray dog", "grey dog"),
        ("A gray dog runs .", "a grey dog runs.", "A gray dog", "a grey dog"),
        ("a blond-haired boy", "a blonde haired boy", "a blond-haired boy", "a blonde haired boy"),
        ("a little blond girl", "a little blonde girl", "a little blond", "a little blonde"),
        ("a small child", "a smaller child", "small", "smaller"),
        ("wielding a bat wears a suit", "wielding a wears a suit", "a bat", "a"),
        ("wielding a bat wears a suit", "wielding a wears a suit", "bat wears", "wears"),
        ("two dogs", "two  big dogs", "dogs", "dogs"),
        ("looks in the distance", "looks int other distance", "distance", "distance"),
        ("the dog", "The dog is here", "the dog", "The dog"),
    ],
)
def test_spans_go_to_the_same_words(source: str, target: str, span: str, expected: str) -> None:
    start = source.index(span)
    placed = SpanMap(source, target)(start, start + len(span))
    assert placed is not None
    assert target[slice(*placed)] == expected


def test_words_that_are_not_there_have_no_place() -> None:
    source, target = "wielding a bat wears", "wielding a wears"
    start = source.index("bat")
    assert SpanMap(source, target)(start, start + 3) is None


def test_a_span_that_cuts_a_word_is_not_widened() -> None:
    assert SpanMap("a doghouse here", "A doghouse here")(2, 5) == (2, 5)


@given(st.text(max_size=20), st.data())
def test_equal_texts_keep_their_spans(text: str, data: st.DataObject) -> None:
    if text:
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        assert SpanMap(text, text)(start, end) == (start, end)


@given(texts, texts, st.data())
def test_spans_stay_inside_the_target_and_end_in_words(source: str, target: str, data: st.DataObject) -> None:
    if not source:
        return
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    placed = SpanMap(source, target)(start, end)
    if placed is None:
        return
    assert 0 <= placed[0] < placed[1] <= len(target)
    if source != target:
        assert not target[placed[0]].isspace()
        assert not target[placed[1] - 1].isspace()


@given(st.lists(st.sampled_from(["dog", "red", "a", "man's", "ball"]), min_size=1, max_size=8), st.data())
def test_words_keep_their_place_where_one_other_word_was_mended(words: list[str], data: st.DataObject) -> None:
    changed = data.draw(st.integers(0, len(words)))
    source = [*words[:changed], "gray", *words[changed:]]
    target = [*words[:changed], "grey", *words[changed:]]
    place = SpanMap(" ".join(source), " ".join(target))
    at = 0
    for a, b in zip(source, target):
        assert difflib.SequenceMatcher(None, a, b).ratio() >= 0.75
        assert place(at, at + len(a)) == (at, at + len(b))
        at += len(a) + 1
