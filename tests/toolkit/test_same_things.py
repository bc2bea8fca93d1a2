from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.same_things import group_by_thing

DOG, NEAR_DOG, CAT = (10.0, 10.0, 20.0, 20.0), (11.0, 10.0, 20.0, 20.0), (60.0, 60.0, 20.0, 20.0)


def test_boxes_of_different_people_on_one_thing_are_a_group() -> None:
    groups = group_by_thing([[("a1", DOG), ("a2", CAT)], [("b1", NEAR_DOG)], [("c1", CAT), ("c2", DOG)]])
    assert sorted(map(sorted, groups)) == [["a1", "b1", "c2"], ["a2", "c1"]]


def test_two_boxes_of_one_person_are_two_groups() -> None:
    assert group_by_thing([[("a1", DOG), ("a2", DOG)], [("b1", DOG)]]) in (
        [["a1", "b1"], ["a2"]],
        [["a1"], ["a2", "b1"]],
    )


def test_nobody_and_nothing_make_no_groups() -> None:
    assert group_by_thing([]) == group_by_thing([[], []]) == []


sides = st.floats(0, 50)
boxes = st.lists(st.tuples(sides, sides, st.floats(1, 50), st.floats(1, 50)), max_size=5)


@given(st.lists(boxes, max_size=4))
def test_every_box_is_in_one_group_and_no_group_has_two_of_a_person(people: list[list[tuple[float, ...]]]) -> None:
    named = [[((who, number), box) for number, box in enumerate(of)] for who, of in enumerate(people)]
    groups = group_by_thing(named)  # type: ignore[arg-type]
    assert sorted(name for group in groups for name in group) == sorted(name for of in named for name, _ in of)
    assert all(len({who for who, _ in group}) == len(group) for group in groups)
