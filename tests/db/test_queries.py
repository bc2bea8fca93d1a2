"""The questions of a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.db.models import Evaluation, Import, Run
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError
from vsa_toolkit.query_rows import Rows


@pytest.fixture
def spoken(filled: Workspace) -> Workspace:
    book = PhraseBook(filled.database)
    campaign = book.campaign("made").id
    for name, image in (("ann", 1), ("bob", 1), ("ann", 6)):
        at = Place(campaign, book.annotator(name), image)
        book.add(at, f"{name} {image}", f"{name} on {image}", (1.0, 2.0, 3.0, 4.0))
        if name == "ann":
            book.submit(at, f"submit {image}")
    return filled


def test_datasets_and_images(filled: Workspace) -> None:
    (dataset,) = filled.datasets()
    assert (dataset["dataset"], dataset["images"], dataset["sentences"]) == ("made", 6, 12)
    assert filled.images().column("image") == [f"photo{n}" for n in range(6)]
    (test,) = filled.images("made", split="test")
    assert (test["image"], test["width"], test["height"], test["split"]) == ("photo5", 40, 30, "test")
    assert filled.images(image=6) == filled.images(image="photo5")


def test_sentences_regions_and_groundings_of_one_image(filled: Workspace) -> None:
    assert filled.sentences(image="photo1").column("text") == ["a red dog number 1", "something else"]
    regions = filled.regions(image="photo1")
    assert [(r["region_set"], r["key"], r["x"], r["width"]) for r in regions] == [
        ("made", "1", 1.0, 10.0), ("made", "2", 20.0, 10.5)
    ]  # fmt: skip
    (frame,) = filled.regions(image="photo1", region_set="frame")
    assert (frame["width"], frame["height"]) == (40.0, 30.0)
    (grounding,) = filled.groundings(image="photo1")
    assert (grounding["text"], grounding["chain"], grounding["categories"]) == ("red dog", "7", ["animals"])
    assert grounding["regions"] == regions.column("id")


def test_phrases_by_whom_where_and_in_what_state(spoken: Workspace) -> None:
    assert spoken.phrases().column("text") == ["ann on 1", "bob on 1", "ann on 6"]
    assert spoken.phrases(split="test").column("text") == ["ann on 6"]
    assert spoken.phrases(annotator="bob").column("state") == ["draft"]
    assert spoken.phrases(state="submitted", image="photo0").column("text") == ["ann on 1"]
    assert len(spoken.phrases(state=("draft", "submitted"), campaign="default")) == 3
    assert [(a["annotator"], a["phrases"], a["images"]) for a in spoken.annotators()] == [("ann", 2, 2), ("bob", 1, 0)]
    assert [(c["campaign"], c["phrases"]) for c in spoken.campaigns()] == [("default", 3)]
    assert [(a["image"], a["annotator"], a["state"]) for a in spoken.assignments(split="train")] == [
        ("photo0", "ann", "submitted"), ("photo0", "bob", "open")
    ]  # fmt: skip


def test_what_is_not_there_is_named(spoken: Workspace) -> None:
    with pytest.raises(UserError, match=r"there is no dataset 'mad'\. Did you mean 'made'"):
        spoken.images("mad")
    with pytest.raises(UserError, match=r"has no split 'tset'\. Did you mean 'test'"):
        spoken.sentences("made", split="tset")
    with pytest.raises(UserError, match=r"there is no annotator 'anne'\. Did you mean 'ann'"):
        spoken.phrases(annotator="anne")
    with pytest.raises(UserError, match=r"has no region set 'fram'\. Did you mean 'frame'"):
        spoken.regions(region_set="fram")
    with pytest.raises(UserError, match="there is no run 3"):
        spoken.captions(3)


def test_nothing_is_seen_of_an_unfinished_import(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.get_one(Import, 1).state = "running"
    for rows in (filled.datasets(), filled.images(), filled.sentences(), filled.regions(), filled.groundings()):
        assert rows == []
        assert rows.columns


def test_runs_with_their_snippets_captions_and_evaluations(filled: Workspace) -> None:
    from vsa_toolkit.db.models import Caption, Snippet

    with filled.database.write() as session:
        run = Run(dataset_id=1, region_set_id=1, backend="brnn", split="test", fingerprint="x", state="finished")
        session.add(run)
        session.flush()
        session.add(Caption(run_id=run.id, image_id=6, text="a dog", log_probability=-1.5))
        session.add(Snippet(run_id=run.id, sentence_id=11, region_id=6, start=0, end=5, text="a red", score=0.5))
        session.add(
            Evaluation(
                run_id=run.id, protocol="retrieval", signature="s", values={"i2t_r1": {"value": 22.1, "low": 20}}
            )
        )
        session.add(Evaluation(run_id=run.id, protocol="captions", signature="t", values={"bleu1": 50.5}))
    number = run.id
    assert [(r["id"], r["backend"], r["region_set"]) for r in filled.runs()] == [(number, "brnn", "frame")]
    assert [(c["image"], c["text"], c["region"]) for c in filled.captions(number)] == [("photo5", "a dog", None)]
    (snippet,) = filled.snippets(number, image="photo5")
    assert (snippet["text"], snippet["score"], snippet["width"]) == ("a red", 0.5, 40.0)
    first, second = filled.evaluations(number)
    assert (first["i2t_r1"], first["bleu1"], second["bleu1"]) == (22.1, None, 50.5)
    assert filled.checkpoints() == []


def test_rows_become_tables_of_other_libraries() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    rows = Rows([{"a": 1, "b": [1, 2], "c": None}, {"a": 2, "b": [], "c": "x"}])
    table = rows.to_arrow()
    assert isinstance(table, pyarrow.Table)
    assert table.to_pylist() == list(rows)
    assert Rows([], ["a", "b"]).to_arrow().column_names == ["a", "b"]


def test_rows_become_pandas_and_polars_frames() -> None:
    rows = Rows([{"a": 1, "b": "x"}, {"a": 2, "b": None}])
    pandas = pytest.importorskip("pandas")
    assert rows.to_pandas().equals(pandas.DataFrame({"a": [1, 2], "b": ["x", None]}))
    polars = pytest.importorskip("polars")
    assert rows.to_polars().equals(polars.DataFrame({"a": [1, 2], "b": ["x", None]}))


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="pandas is not installed: pip install pandas"):
        Rows([{"a": 1}]).to_pandas()


def test_rows_show_themselves_in_a_notebook() -> None:
    rows = Rows({"a": number, "b": "<script>"} for number in range(12))
    assert repr(rows).startswith("12 rows: a, b\n{'a': 0")
    assert repr(rows).endswith("…")
    shown = rows._repr_html_()
    assert "<th>a</th><th>b</th>" in shown
    assert "<script>" not in shown
    assert "12 rows" in shown


def test_photos_of_a_workspace_are_found(filled: Workspace, tmp_path: Path) -> None:
    (image,) = filled.images(image="photo0")
    (dataset,) = filled.datasets()
    assert (filled.folder / dataset["root"] / image["path"]).is_file()
