from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vsa_toolkit import grouping
from vsa_toolkit.grouping import Grouping

entries = st.lists(st.tuples(st.integers(0, 30) | st.text(max_size=2), st.lists(st.integers() | st.text()), st.none()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=entries, in_memory=st.integers(1, 8), groups=st.integers(1, 5))
def test_groups_come_back_in_order_whatever_waits_in_files(
    monkeypatch: pytest.MonkeyPatch, given: list[tuple[object, list[object], None]], in_memory: int, groups: int
) -> None:
    monkeypatch.setattr(grouping, "IN_MEMORY", in_memory)
    monkeypatch.setattr(grouping, "GROUPS_A_FILE", groups)
    expected: dict[object, list[object]] = {}
    with Grouping() as made:
        for group, item, nothing in given:
            made.add(group, (item, nothing))
            expected.setdefault(group, []).append((item, nothing))
        assert len(made) == len(expected)
        assert list(made) == list(expected.items())
        assert list(made) == list(expected.items())


def test_its_files_are_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "IN_MEMORY", 1)
    with Grouping() as made:
        made.add("a", 1)
        folder = made._path(0).parent
        assert folder.is_dir()
    assert not folder.exists()
