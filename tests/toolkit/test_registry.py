from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vsa_toolkit.errors import PluginError, UserError
from vsa_toolkit.registry import Registry

GRID = """
from vsa_toolkit import Proposer, hookimpl

class Four(Proposer):
    name = "{name}"
    def propose(self, photo, frame, k):
        return []

@hookimpl
def vsa_proposers(register):
    register(Four)
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path in which a test writes plugin modules, all named plug_…"""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def announce(**modules: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, "vsa.proposers") for name, value in modules.items()]


def test_listing_imports_nothing(plugins: Path) -> None:
    (plugins / "plug_heavy.py").write_text("raise SystemExit('imported')")
    assert [row.name for row in Registry(announce(heavy="plug_heavy")).listings()] == ["heavy"]
    assert "plug_heavy" not in sys.modules


def test_asking_for_one_name_imports_one_module(plugins: Path) -> None:
    (plugins / "plug_a.py").write_text(GRID.format(name="a"))
    (plugins / "plug_b.py").write_text(GRID.format(name="b"))
    registry = Registry(announce(a="plug_a", b="plug_b"))
    assert registry.get("proposers", "a").name == "a"
    assert registry.get("proposers", "a") is registry.get("proposers", "a")
    assert "plug_b" not in sys.modules


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="Did you mean 'blobs'"):
        Registry(announce(blobs="plug_none")).get("proposers", "blob")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("raise SystemExit(3)", "SystemExit"),
        ("VSA_API = 99", "plugin API 99"),
        ("from vsa_toolkit import hookimpl\n@hookimpl\ndef vsa_proposers(register):\n    register(int)", "subclasses"),
        (GRID.replace('name = "{name}"', "pass"), "has no name"),
    ],
)
def test_a_broken_plugin_is_set_aside_and_the_others_work(plugins: Path, source: str, says: str) -> None:
    (plugins / "plug_broken.py").write_text(source)
    (plugins / "plug_good.py").write_text(GRID.format(name="good"))
    registry = Registry(announce(broken="plug_broken", good="plug_good"))
    with pytest.raises(PluginError, match=says):
        registry.get("proposers", "broken")
    assert "Traceback" in registry.broken["plug_broken"].trace
    assert registry.get("proposers", "good").name == "good"


def test_in_strict_mode_a_broken_plugin_raises_its_own_error(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSA_STRICT_PLUGINS", "1")
    (plugins / "plug_broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        Registry(announce(broken="plug_broken")).get("proposers", "broken")


def test_an_announced_name_that_is_not_registered_is_said(plugins: Path) -> None:
    (plugins / "plug_other.py").write_text(GRID.format(name="other"))
    with pytest.raises(PluginError, match="registers none of that name"):
        Registry(announce(missing="plug_other")).get("proposers", "missing")


def test_two_claims_to_a_name_are_both_named() -> None:
    points = [EntryPoint("grid", "plug_x", "vsa.proposers"), EntryPoint("grid", "plug_y", "vsa.proposers")]
    with pytest.raises(PluginError, match=r"plug_x.* and .*plug_y"):
        Registry(points).get("proposers", "grid")


def test_a_plugin_that_prints_on_import_keeps_stdout_clean(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugins / "plug_loud.py").write_text("print('hello')\n" + GRID.format(name="loud"))
    Registry(announce(loud="plug_loud")).get("proposers", "loud")
    assert capsys.readouterr().out == ""


def test_vsa_plugins_narrows_to_the_named_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSA_PLUGINS", "a")
    assert [row.name for row in Registry(announce(a="plug_a", b="plug_b")).listings()] == ["a"]
    monkeypatch.setenv("VSA_PLUGINS", "")
    assert Registry(announce(a="plug_a")).listings() == []


def test_a_file_is_a_plugin(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GRID.format(name="mine"))
    registry = Registry([])
    registry.load_file(path)
    assert registry.get("proposers", "mine").name == "mine"
    assert [row.name for row in registry.listings("proposers")] == ["mine"]


@pytest.mark.parametrize(("source", "says"), [("x = 1", "registers nothing"), ("import nope_nope", "nope_nope")])
def test_a_file_that_brings_nothing_is_refused(tmp_path: Path, source: str, says: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(PluginError, match=says):
        Registry([]).load_file(path)


def test_a_file_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        Registry([]).load_file(tmp_path / "none.py")
