"""The scripts that a page tells its browser to fetch side by side."""

from __future__ import annotations

from vsa_toolkit.web.modules import STATIC, imported_by


def test_all_that_a_script_imports_is_found_and_is_there() -> None:
    found = imported_by("page.js")
    assert {"canvas.js", "geometry.js", "slots.js"} <= set(found)  # geometry.js by way of others
    assert len(set(found)) == len(found)
    assert all((STATIC / name).is_file() for name in found)


def test_a_script_without_imports_needs_nothing() -> None:
    assert imported_by("geometry.js") == ()
