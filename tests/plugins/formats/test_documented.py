from __future__ import annotations

import re
from pathlib import Path

import pytest

from vsa_toolkit.box_convention import CORNERS, INCLUSIVE, PERCENT, XYWH
from vsa_toolkit.db.queries import Queries
from vsa_toolkit.registry import Registry, registry

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
ROWS = {
    cells[1].strip(" `"): cells for line in PAGE.splitlines() if len(cells := line.split("|")) == 7 and "`" in cells[1]
}


def test_every_format_is_in_the_table_with_its_ways() -> None:
    formats = {row.name: registry().get("formats", row.name) for row in registry().listings("formats")}
    assert ROWS.keys() == formats.keys()
    for name, cls in formats.items():
        assert ROWS[name][3].strip() == ("in, out" if cls.goes_both_ways() else "in"), name
        assert (cls.boxes is None) == (ROWS[name][4].strip() in ("–", "as they are stored")), name


@pytest.mark.parametrize("convention", [XYWH, CORNERS, INCLUSIVE, PERCENT], ids=lambda c: c.says)
def test_every_box_convention_is_on_the_page(convention: object) -> None:
    assert f"- {convention.says}\n" in PAGE  # type: ignore[attr-defined]


def test_every_question_is_on_the_page() -> None:
    questions = {name for name in vars(Queries) if not name.startswith("_") and callable(getattr(Queries, name))}
    assert {name for name in questions if f"`{name}`" not in PAGE} == set()


def test_the_format_on_the_page_loads_and_reads(tmp_path: Path) -> None:
    code = re.search(r"^    from vsa_toolkit import Format, hookimpl\n(?:    .*\n|\n)*", PAGE, re.MULTILINE)
    assert code
    (tmp_path / "mine.py").write_text(re.sub(r"^    ", "", code.group(0), flags=re.MULTILINE))
    found = Registry([])
    found.load_file(tmp_path / "mine.py")
    cls = found.get("formats", "mine")
    (tmp_path / "list.tsv").write_text("a.jpg\tA dog\n")
    (bundle,) = cls(cls.Options()).read(tmp_path / "list.tsv", print)
    assert bundle.sentences[0].text == "A dog"
