from __future__ import annotations

from vsa_toolkit.working_time import WorkingTime


def test_the_clock_rests_where_no_beat_came_for_long() -> None:
    now = 0.0
    clock = WorkingTime(lambda: now)
    begun = clock.seconds()
    for moment in (1.0, 2.0, 3602.0, 3603.0):  # stopped for an hour
        now = moment
        clock.seconds()
    assert clock.seconds() - begun == 3.0


def test_long_work_with_beats_counts_whole() -> None:
    now = 0.0
    clock = WorkingTime(lambda: now)
    begun = clock.seconds()
    for moment in range(0, 7200, 5):
        now = float(moment)
        clock.seconds()
    assert clock.seconds() - begun == 7195.0
