from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from vsa_toolkit.metrics.resampling import Estimate
from vsa_toolkit.tables import Column, Footnotes, Row, Table, as_json, as_rich, escape_latex, render

COLUMNS = (Column("r1", "R@1", "image → text"), Column("medr", "Med r", "image → text", best="low"))


@pytest.fixture
def table() -> Table:
    rows = [
        Row("frame", {"r1": Estimate(99.0, 98.0, 100.0)}, "baseline", signature="s:1"),
        Row("a_b & c", {"r1": Estimate(22.14, 20.0, 24.3), "medr": Estimate(6.0, 5.0, 7.0)}, run=3, backend="brnn",
            signature="protocol:x|vsa:1"),
        Row("other", {"r1": Estimate(21.0, 19.0, 23.0), "medr": Estimate(5.0, 4.0, 6.0)}, run=4, signature="s:2"),
        Row("paper", {"r1": Estimate(16.5), "medr": Estimate(8.6)}, "published", notes=("From a paper.",),
            trust={"r1": "secondary", "medr": "recalled"}),
    ]  # fmt: skip
    return Table("A table", "retrieval", COLUMNS, rows, ["Mind the test set."])


def test_json_has_the_shape_that_other_programs_read(table):
    found = json.loads(render(table, "json"))
    assert (found["schema"], found["protocol"]) == (1, "retrieval")
    run = found["rows"][1]
    assert {key: run[key] for key in ("run", "source", "name", "backend", "signature")} == {
        "run": 3, "source": "run", "name": "a_b & c", "backend": "brnn", "signature": "protocol:x|vsa:1",
    }  # fmt: skip
    assert run["values"]["r1"] == {"value": 22.14, "low": 20.0, "high": 24.3}
    paper = found["rows"][3]
    assert (paper["run"], paper["source"]) == (None, "published")
    assert paper["values"]["medr"] == {"value": 8.6, "low": None, "high": None, "trust": "recalled"}
    assert found == as_json(table)


@pytest.mark.parametrize("output", ["rich", "markdown", "latex"])
def test_recalled_figures_are_bracketed_and_others_are_not(table, output):
    text = shown(table, output)
    assert "[8.6]" in text
    assert "[16.5]" not in text
    assert "16.5" in text


@pytest.mark.parametrize("output", ["rich", "markdown"])
def test_signatures_and_notes_stand_under_the_table(table, output):
    text = shown(table, output).replace("\\|", "|")
    body, notes = text[: text.index("Mind")], text[text.index("Mind") :]
    for signature, mark in (("s:1", "a"), ("protocol:x|vsa:1", "b"), ("s:2", "c")):
        assert f"({mark}) {signature}" in notes
    assert "(1) From a paper." in notes
    assert "paper (1)" in body
    assert "95 %" in notes


def test_the_best_of_our_runs_is_bold_and_no_baseline_or_published_row_is(table):
    markdown = render(table, "markdown")
    assert "**22.1**" in markdown
    assert "**5.0**" in markdown
    assert markdown.count("**") == 2 * 3  # and the title
    assert r"\textbf{22.1}" in render(table, "latex")
    assert r"\textbf{99.0}" not in render(table, "latex")


def test_latex_is_booktabs_with_everything_escaped(table):
    text = render(table, "latex")
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\cmidrule(lr){2-3}"):
        assert rule in text
    assert r"a\_b \& c" in text
    assert r"\multicolumn{2}{c}{image $\rightarrow$ text}" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and " & " in line]
    assert {line.count(" & ") for line in rows if "multicolumn" not in line} == {2}


def test_csv_has_a_column_for_each_number(table):
    rows = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    assert rows[1]["r1"] == "22.14"
    assert rows[1]["r1_low"] == "20.0"
    assert rows[0]["medr"] == ""
    assert "medr recalled" in rows[3]["notes"]


def test_a_missing_value_is_a_dash(table):
    line = next(line for line in render(table, "markdown").splitlines() if "frame" in line)
    assert line.split("|")[3].strip() == "–"


def test_a_mean_over_seeds_shows_its_deviation():
    table = Table("T", "p", COLUMNS, [Row("m", {"r1": Estimate(20.0, deviation=0.44)})])
    assert "20.0 ±0.4" in render(table, "markdown")
    assert r"$\pm$0.4" in render(table, "latex")
    assert as_json(table)["rows"][0]["values"]["r1"]["deviation"] == 0.44


def test_equal_notes_are_numbered_once():
    rows = [Row(name, {}, notes=("Same.",), signature=f"s:{name}") for name in ("x", "y")]
    assert Footnotes(Table("T", "p", COLUMNS, rows)).marks == [["1", "a"], ["1", "b"]]


def test_what_all_signatures_state_is_said_once():
    signatures = ["p:x|run:1|seed:0|vsa:1", "p:x|run:2|seed:0|vsa:1", "p:x|seed:0|vsa:1"]
    lines = list(Footnotes(Table("T", "p", COLUMNS, [Row(s, {}, signature=s) for s in signatures])).lines())
    assert lines == ["(all) p:x|seed:0|vsa:1", "(a) run:1", "(b) run:2", "(c) nothing else"]


def test_the_only_signature_stays_whole():
    lines = list(Footnotes(Table("T", "p", COLUMNS, [Row("x", {}, signature="p:x|vsa:1")])).lines())
    assert lines == ["(a) p:x|vsa:1"]


def test_the_twenty_seventh_signature_is_aa():
    rows = [Row(str(n), {}, signature=f"s:{n}") for n in range(28)]
    assert [marks[0] for marks in Footnotes(Table("T", "p", COLUMNS, rows)).marks][25:] == ["z", "aa", "ab"]


def test_a_narrow_terminal_gets_the_values_without_intervals_and_is_told(table):
    console = Console(width=40, record=True, file=io.StringIO())
    console.print(as_rich(table, console.width))
    text = console.export_text()
    assert "22.1" in text
    assert "20.0–24.3" not in text
    assert "left out" in text


def test_special_characters_reach_latex_unharmed():
    assert escape_latex("50 % of A&B_c") == r"50 \% of A\&B\_c"


def shown(table: Table, output: str) -> str:
    if output != "rich":
        return render(table, output)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(as_rich(table))
    return console.export_text()


def test_groups_of_rows_that_do_not_differ_stand_beside_their_values(table):
    rows = [replace(row, groups={"r1": "AB"}) if row.run == 3 else row for row in table.rows]
    grouped = replace(table, rows=rows)
    assert "**22.1**<sup>AB</sup>" in render(grouped, "markdown")
    assert r"\textbf{22.1}\textsuperscript{AB}" in render(grouped, "latex")
    assert list(csv.DictReader(io.StringIO(render(grouped, "csv"))))[1]["r1_group"] == "AB"
    found = json.loads(render(grouped, "json"))["rows"]
    assert found[1]["groups"] == {"r1": "AB"}
    assert set(found[1]["values"]["r1"]) == {"value", "low", "high"}
    assert "groups" not in found[0]
    assert "22.1 AB" in shown(grouped, "rich")


WIDE = tuple(Column(f"r{k}", f"R@{k}", spare=spare) for k, spare in ((1, 0), (5, 2), (10, 1)))


def narrow(rows: list[Row], width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(as_rich(Table("T", "p", WIDE, rows), width))
    return console.export_text()


@pytest.mark.parametrize(("width", "left_out"), [(42, set()), (41, {"R@5"}), (29, {"R@5", "R@10"})])
def test_spare_columns_make_room_for_intervals_and_for_deviations(width, left_out):
    rows = [
        Row("one", {c.key: Estimate(20.0, 18.0, 22.0) for c in WIDE}, run=1),
        Row("mean", {c.key: Estimate(21.0, deviation=0.4) for c in WIDE}),
    ]
    head, text = narrow(rows, width).split("one")
    assert {c.title for c in WIDE if c.title not in head} == left_out
    assert text.count("18.0–22.0") == text.count("±0.4") == len(WIDE) - len(left_out)
    assert all(title in text for title in left_out)  # and it is said
    assert ("too narrow" in text) == bool(left_out)


def test_deviations_stay_where_intervals_cannot():
    rows = [
        Row("one", {c.key: Estimate(20.0, 18.0, 22.0) for c in WIDE}, run=1),
        Row("mean", {c.key: Estimate(21.0, deviation=0.4) for c in WIDE}),
    ]
    text = narrow(rows, 17)
    assert "±0.4" in text
    assert "18.0–22.0" not in text
    assert "Ranges are" not in text
    assert "intervals left out" in text.replace("\n", " ").replace("  ", " ")


def test_a_table_is_as_wide_as_the_terminal_at_most():
    rows = [Row("a rather long name of a row that needs two lines", {c.key: Estimate(20.0, 18.0, 22.0) for c in WIDE})]
    for width in range(50, 90):
        assert max(len(line.rstrip()) for line in narrow(rows, width).splitlines()) <= width
        assert "…" not in narrow(rows, width)
