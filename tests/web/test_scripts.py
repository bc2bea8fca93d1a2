"""The page's scripts under node's own test runner, and what must hold of all of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import vsa_toolkit.web

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WEB = Path(vsa_toolkit.web.__file__ or "").parent
SCRIPTS = sorted((WEB / "static").glob("*.js"))
TEMPLATES = sorted((WEB / "templates").glob("*.html"))


def test_node_agrees() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the scripts' own tests are not run")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 18:
        pytest.skip(f"node {version.strip()} has no test runner: 18 or newer is needed")
    tests = sorted(str(path) for path in (HERE / "js").glob("*.test.js"))
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_in_the_comments_are_right() -> None:
    """TypeScript's checker reads the JSDoc of the scripts; nothing is compiled."""
    found = ROOT / ".node" / "node_modules" / ".bin" / "tsc"
    tsc = str(found) if found.is_file() else shutil.which("tsc")
    if tsc is None:
        pytest.skip("typescript is not installed (npm install --prefix .node typescript): types are not checked")
    options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--module", "esnext"]
    options += ["--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable"]
    done = subprocess.run([tsc, *options, *map(str, SCRIPTS)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_the_page_comes_with_the_package() -> None:
    assert {path.name for path in SCRIPTS} >= {"page.js", "state.js", "geometry.js", "canvas.js", "sync.js", "keys.js"}
    assert {path.name for path in TEMPLATES} >= {"annotate.html", "message.html"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(path: Path) -> None:
    risky = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text("utf-8")
    )
    assert not risky


@pytest.mark.parametrize("path", [*SCRIPTS, *TEMPLATES], ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text("utf-8"))
    assert [address for address in addresses if "www.w3.org" not in address] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_what_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"\sstyle=|\son\w+=|<style|\|\s*safe", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_import_of_a_script_is_there(path: Path) -> None:
    for name in re.findall(r'(?:from|import\()\s*"(\./[^"]+)"', path.read_text("utf-8")):
        assert (path.parent / name).is_file(), name
