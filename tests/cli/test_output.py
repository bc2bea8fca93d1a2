"""Tables on terminals that are too narrow for them."""

from __future__ import annotations

import pytest

from vsa_toolkit.cli.output import print_rows

ROWS = [{"run": 3, "dataset": "flickr8k", "seconds": 22.9, "finished": "2026-11-24 12:01"}]


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [(60, set()), (46, {"seconds"}), (36, {"seconds", "dataset"}), (20, {"seconds", "dataset"})],
)
def test_spare_columns_are_left_out_until_the_table_fits(
    columns: int, left_out: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_rows(ROWS, "rich", spare=("seconds", "dataset"))
    shown = capsys.readouterr().out
    assert {name for name in ROWS[0] if name not in shown} == left_out
    assert ("2026-11-24 12:01" in shown) == (columns > 20)  # whole, not broken into lines
