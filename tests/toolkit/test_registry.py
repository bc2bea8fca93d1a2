from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, entry_points
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
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def announce(**modules: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, "vsa.proposers") for name, value in modules.items()]


def install(folder: Path, distribution: str, *names: str) -> list[EntryPoint]:
    """What a distribution announces that has one module, plug_<distribution>; read from its metadata."""
    info = folder / f"{distribution}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    lines = "".join(f"{name} = plug_{distribution}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[vsa.proposers]\n{lines}")
    return list(Distribution.at(info).entry_points)


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
        (GRID.replace("def propose", "def suggest"), "Four lacks propose"),
        (GRID.replace("register(Four)", "return [Four]"), "must call register"),
        (GRID.replace("register(Four)", "raise SystemExit('bye')"), "SystemExit: bye"),
        (GRID.replace("register(Four)", "1 / 0"), "ZeroDivisionError"),
        (GRID.replace("vsa_proposers", "vsa_proposer"), "unknown hook 'vsa_proposer'"),
        (GRID.replace("def vsa_proposers(register)", "def vsa_proposers(add)"), "'vsa_proposers'"),
        ("vsa_proposers = 3", "not callable"),
    ],
)
def test_a_broken_plugin_is_set_aside_and_the_others_work(plugins: Path, source: str, says: str) -> None:
    (plugins / "plug_broken.py").write_text(source)
    (plugins / "plug_good.py").write_text(GRID.format(name="good"))
    registry = Registry(announce(broken="plug_broken", good="plug_good"))
    with pytest.raises(PluginError, match=says):
        registry.get("proposers", "broken")
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


def test_what_is_wrong_is_said_with_distribution_version_and_a_file_with_the_traceback(plugins: Path) -> None:
    (plugins / "plug_acme.py").write_text("1 / 0")
    registry = Registry(install(plugins, "acme", "mine"))
    with pytest.raises(PluginError, match=r"plug_acme of acme 1\.2 cannot be loaded: ZeroDivisionError") as error:
        registry.get("proposers", "mine")
    trace = plugins / "cache" / "vsa" / "broken" / "acme-plug_acme.txt"
    assert str(trace) in str(error.value)
    assert "acme 1.2" in trace.read_text()
    assert "Traceback" in trace.read_text()
    assert "plug_acme.py" in trace.read_text()
    assert registry.broken["plug_acme"].trace_file == trace


def test_a_cache_folder_that_cannot_be_written_hides_no_error(plugins: Path) -> None:
    (plugins / "cache").write_text("a file")
    (plugins / "plug_broken.py").write_text("1 / 0")
    with pytest.raises(PluginError, match=r"ZeroDivisionError.*VSA_STRICT_PLUGINS=1"):
        Registry(announce(broken="plug_broken")).get("proposers", "broken")


@pytest.mark.parametrize(
    ("value", "says"), [("plug_nowhere", "No module named"), ("plug_acme:Four", "names an object")]
)
def test_an_entry_point_to_nothing_is_said(plugins: Path, value: str, says: str) -> None:
    (plugins / "plug_acme.py").write_text(GRID.format(name="mine"))
    with pytest.raises(PluginError, match=says):
        Registry(announce(mine=value)).get("proposers", "mine")


def test_a_plugin_that_fails_halfway_leaves_nothing_behind(plugins: Path) -> None:
    (plugins / "plug_half.py").write_text(GRID.format(name="half") + "    1 / 0\n")
    registry = Registry(announce(half="plug_half", other="plug_half"))
    for name in ("half", "other"):
        with pytest.raises(PluginError, match="ZeroDivisionError"):
            registry.get("proposers", name)


def test_two_distributions_that_claim_a_name_are_both_named(plugins: Path) -> None:
    points = [*install(plugins, "acme", "grid"), *install(plugins, "other", "grid")]
    with pytest.raises(PluginError, match=r"claimed by acme 1\.2 .* and other 1\.2"):
        Registry(points).get("proposers", "grid")


def test_a_name_of_ours_cannot_be_taken_by_announcing_it(plugins: Path) -> None:
    ours = [point for point in entry_points(group="vsa.proposers") if point.name == "grid"]
    with pytest.raises(PluginError, match=r"acme 1\.2 .* and vsa-toolkit"):
        Registry([*ours, *install(plugins, "acme", "grid")]).get("proposers", "grid")


@pytest.mark.parametrize("first", ["grid", "mine"])
def test_a_name_of_ours_cannot_be_taken_by_registering_it_unannounced(plugins: Path, first: str) -> None:
    ours = [point for point in entry_points(group="vsa.proposers") if point.name == "grid"]
    (plugins / "plug_acme.py").write_text(GRID.format(name="grid"))
    registry = Registry([*ours, *install(plugins, "acme", "mine")])
    if first == "grid":
        registry.get("proposers", "grid")
    with pytest.raises(PluginError, match=r"'grid' is brought by both vsa-toolkit .* and acme 1\.2"):
        registry.get("proposers", "mine")
    assert registry.get("proposers", "grid").__module__ == "vsa_toolkit.plugins.grid"


def test_a_file_cannot_take_an_installed_name(plugins: Path) -> None:
    path = plugins / "mine.py"
    path.write_text(GRID.format(name="good"))
    with pytest.raises(PluginError, match=r"brought by both acme 1\.2 and .*mine\.py"):
        Registry(install(plugins, "acme", "good")).load_file(path)


def test_a_file_that_prints_keeps_stdout_clean(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = plugins / "mine.py"
    path.write_text("print('hello')\n" + GRID.format(name="mine"))
    Registry([]).load_file(path)
    assert capsys.readouterr() == ("", "hello\n")


def test_a_name_that_vsa_plugins_leaves_out_is_said(plugins: Path) -> None:
    with pytest.raises(UserError, match="VSA_PLUGINS leaves it out"):
        Registry(announce(a="plug_a"), only=["b"]).get("proposers", "a")


def test_vsa_plugins_takes_distributions_names_and_modules(plugins: Path) -> None:
    points = install(plugins, "acme", "a", "b")
    for only, found in ((["acme"], ["a", "b"]), (["a"], ["a"]), (["plug_acme"], ["a", "b"]), ([], [])):
        assert [row.name for row in Registry(points, only).listings()] == found


@pytest.mark.parametrize(("stated", "way_out"), [("99", "upgrade vsa-toolkit"), ("0", "newer version of the plugin")])
def test_another_api_version_says_which_side_is_to_be_upgraded(plugins: Path, stated: str, way_out: str) -> None:
    (plugins / "plug_acme.py").write_text(f"VSA_API = {stated}\n" + GRID.format(name="mine"))
    with pytest.raises(PluginError, match=rf"plugin API {stated}, this vsa has 1: .*{way_out}"):
        Registry(install(plugins, "acme", "mine")).get("proposers", "mine")
