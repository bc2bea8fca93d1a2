from __future__ import annotations

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.plausible import impossible
from vsa_toolkit.published import published_for, published_tables, read_table

ROW = """
protocol = "retrieval"
title = "A table"
datasets = ["birds"]
split = "test"

[[rows]]
name = "a model"
source = "a paper"
values = {values}
trust = {{ default = "secondary" }}
"""


def table_of(values: str, more: str = "") -> str:
    return ROW.format(values=values) + more


def all_rows():
    return [(table.key, row) for table in published_tables() for row in table.rows]


def test_every_figure_has_a_source_and_a_trust():
    rows = all_rows()
    assert len(rows) >= 35
    for _, row in rows:
        assert row.source
        assert row.figures
        assert all(figure.trust in ("primary", "secondary", "recalled") for figure in row.figures.values())


@pytest.mark.parametrize(
    ("table", "row"), [(table, row) for table in published_tables() for row in table.rows],
    ids=lambda v: v.key if hasattr(v, "key") else v.name,
)  # fmt: skip
def test_no_published_row_is_impossible(table, row):
    values = {name: figure.value for name, figure in row.figures.items()}
    assert impossible(values, row.averaged, table.rounding, table.words) == []


def test_a_misprint_is_told_and_not_shown():
    slides = next(table for table in published_tables() if table.key == "regions_slides")
    nearest = next(row for row in slides.rows if row.name.startswith("Nearest"))
    assert set(nearest.figures) == {"bleu1", "bleu2"}
    assert nearest.misprints == {"bleu3": 7}
    assert "Printed as bleu3 7, which cannot be." in nearest.notes
    as_printed = {"bleu1": 14.0, "bleu2": 3.0, "bleu3": 7.0}
    assert impossible(as_printed, rounding=slides.rounding, words=slides.words)


def test_a_table_without_the_mark_of_its_misprint_is_refused():
    text = ROW.replace('split = "test"', 'split = "test"\nwords = 4.13').format(
        values="{ bleu1 = 14, bleu2 = 3, bleu3 = 7 }"
    )
    with pytest.raises(DataError, match="more matched 3-grams than 2-grams"):
        read_table(text, "a_table")
    shown = read_table(text + 'misprints = ["bleu3"]\n', "a_table").rows[0]
    assert set(shown.figures) == {"bleu1", "bleu2"}


def test_the_slides_figures_stand_beside_their_own_bleu_and_never_beside_the_papers():
    by_profile = {
        profile: [table.key for table in published_for("captions", "flickr8k", "test", 1000, profile)]
        for profile in ("coco", "multibleu", "individual")
    }
    assert by_profile == {
        "coco": ["captions_flickr8k_cvpr"], "multibleu": ["captions_flickr8k_slides"], "individual": []
    }  # fmt: skip
    assert [t.key for t in published_for("regions", "flickr8k", "test", 1000, "multibleu")] == ["regions_slides"]
    assert [t.key for t in published_for("agreement", "coco", "test", None, "coco")] == ["agreement_coco"]


def test_recalled_tables_are_recalled_throughout():
    cvpr = next(table for table in published_tables() if table.key == "captions_flickr8k_cvpr")
    assert {figure.trust for row in cvpr.rows for figure in row.figures.values()} == {"recalled"}


def test_medians_change_only_where_an_erratum_says_so_and_the_printed_value_is_kept():
    for key, row in all_rows():
        for name, figure in row.figures.items():
            shifted = "medr" in name and "(Karpathy & Li)" in row.name
            assert figure.value == figure.printed + (1 if shifted else 0), (key, row.name, name)
            if shifted:
                assert f"{figure.printed:.1f}" in row.notes[-1]


def test_as_printed_the_slides_brnn_medians_are_impossible():
    brnn = next(row for table in published_tables() if table.key == "retrieval_flickr30k"
                for row in table.rows if row.name.startswith("BRNN"))  # fmt: skip
    reasons = impossible({name: figure.printed for name, figure in brnn.figures.items()}, brnn.averaged)
    assert len(reasons) == 1
    assert "i2t R@5 = 48.2 puts the median above 5, but 4.8 is given" in reasons[0]


def test_flickr8k_gets_its_own_rows_and_never_the_slides():
    tables = published_for("retrieval", "Flickr8k", "test", 1000)
    assert [table.key for table in tables] == ["retrieval_flickr8k"]
    assert "Flickr30K" in tables[0].note
    brnn = tables[0].rows[-1].figures
    assert [brnn[f"i2t_r{k}"].value for k in (1, 5, 10)] == [16.5, 40.6, 54.2]
    assert [brnn[f"t2i_r{k}"].value for k in (1, 5, 10)] == [11.8, 32.1, 44.7]


def test_rows_are_only_for_their_own_split_and_size():
    assert published_for("retrieval", "flickr8k", "val", 1000) == []
    assert published_for("retrieval", "flickr8k", "test", 200) == []
    assert [t.key for t in published_for("retrieval", "coco", "test", 5000)] == ["retrieval_coco_5k"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("{ i2t_r1 = 55.0, i2t_medr = 2 }", "makes the median at most 1"),
        ("{ t2i_r5 = 40.0, t2i_medr = 5 }", "puts the median above 5"),
        ("{ i2t_r1 = 30.0, i2t_r5 = 20.0 }", "R@5 = 20 is below i2t R@1 = 30"),
        ("{ i2t_r1 = 130.0 }", "no percentage"),
        ("{ i2t_medr = 0.4 }", "below 1"),
    ],
)
def test_an_impossible_row_is_refused(values, reason):
    with pytest.raises(DataError, match=f"row 'a model': .*{reason}"):
        read_table(table_of(values), "a_table")


def test_a_recall_of_exactly_fifty_allows_both_medians():
    assert impossible({"i2t_r10": 50.0, "i2t_medr": 10.5}) == []
    assert impossible({"i2t_r10": 50.0, "i2t_medr": 9.0}) == []


@pytest.mark.parametrize(
    "text",
    ["= no TOML", 'protocol = "retrieval"', table_of("{ i2t_r1 = 1 }").replace("secondary", "certain"),
     table_of("{ i2t_r1 = 1 }", 'zero_based = ["i2t_medr"]\n')],
)  # fmt: skip
def test_a_table_with_something_missing_or_unknown_is_refused(text):
    with pytest.raises(DataError, match="published table a_table"):
        read_table(text, "a_table")
