from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from vsa_toolkit.db import turns
from vsa_toolkit.db.turns import writers_turn


def test_one_at_a_time_has_the_turn(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def write() -> None:
        for _ in range(20):
            with writers_turn(tmp_path / "some.db", 60):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 160
    assert set(most) == {1}


def test_who_comes_later_waits_behind_who_is_waiting(tmp_path: Path) -> None:
    """The first has the turn, the second is next; the first, who comes again at once, is not before the second."""
    order: list[str] = []
    second_waits = threading.Event()

    def second() -> None:
        second_waits.set()
        with writers_turn(tmp_path / "some.db", 60):
            order.append("second")

    waiting = threading.Thread(target=second)
    with writers_turn(tmp_path / "some.db", 60):
        waiting.start()
        second_waits.wait()
        while _is_free(tmp_path / "some.db-queue"):  # until it stands at the head of the queue
            pass
    with writers_turn(tmp_path / "some.db", 60):
        order.append("first again")
    waiting.join()
    assert order == ["second", "first again"]


def test_a_turn_that_does_not_come_is_left_to_the_database(tmp_path: Path) -> None:
    with writers_turn(tmp_path / "some.db", 60), writers_turn(tmp_path / "some.db", 0.01):
        pass
    with writers_turn(tmp_path / "some.db", 60):  # and the one that was given up takes none later
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_process_that_was_forked_during_a_turn_does_not_keep_it(tmp_path: Path) -> None:
    go_on, end = os.pipe()
    with writers_turn(tmp_path / "some.db", 60):
        child = os.fork()
        if child == 0:
            os.close(end)
            os.read(go_on, 1)
            os._exit(0)
    assert _is_free(tmp_path / "some.db-turn")
    os.close(end)
    os.waitpid(child, 0)
    os.close(go_on)


def test_where_nothing_can_be_locked_the_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writers_turn(tmp_path / "nowhere" / "some.db", 60):
        pass
    monkeypatch.setattr(turns, "fcntl", None)
    with writers_turn(tmp_path / "some.db", 60):
        pass


def _is_free(path: Path) -> bool:
    import fcntl

    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
