"""`vsa init`, `status`, `import` and `db` as a shell sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vsa_toolkit.db.workspace import open_workspace


def vsa(*arguments: str | Path, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", "from vsa_toolkit.cli import main; main()", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        for number in range(3):
            colour = (80 * number, 0, 100 * (split == "test" and number > 0))  # the two of number 0 are one file
            Image.new("RGB", (20, 10), colour).save(folder / split / f"{number}.png")
    (folder / "sentences.tsv").write_text("train/0\ta dark photo\ntrain/1\ta red photo\nnowhere\tnothing\n")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    vsa("init", "w", cwd=tmp_path)
    return tmp_path / "w"


def rows(*arguments: str | Path, cwd: Path, code: int = 0) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(vsa(*arguments, "--format", "json", cwd=cwd, code=code).stdout)
    return parsed


def faults(cwd: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
    """What `vsa db check` finds, but notes such as that two photos are the same file."""
    return [found for found in rows("db", "check", *options, cwd=cwd, code=code) if found["state"] != "note"]


def test_the_way_from_nothing_to_images(workspace: Path, photos: Path) -> None:
    assert "Next: vsa import" in vsa("status", cwd=workspace).stdout
    summary = vsa("import", "folder", photos, cwd=workspace).stdout
    assert "6 new images; 2 new sentences." in summary
    assert "sentences of photos that do not exist" in summary
    assert "photos that are the same file as another" in summary
    assert "nothing new" in vsa("import", "folder", photos, cwd=workspace).stdout
    counted = {row["what"]: row["count"] for row in rows("status", cwd=workspace)}
    assert counted == {"images": 6, "sentences": 2, "regions frame": 6}
    assert "Next: vsa propose" in vsa("status", cwd=workspace).stdout
    assert faults(workspace) == []


def test_the_summary_as_json_is_a_list_of_flat_objects(workspace: Path, photos: Path) -> None:
    found = rows("import", "folder", photos, cwd=workspace)
    assert found[0] == {"what": "images", "read": 6, "new": 6, "for example": ""}
    assert all(set(row) == {"what", "read", "new", "for example"} for row in found)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "foldr", "."], 2, "Did you mean 'folder'?"),
        (["import", "folder", "nowhere"], 2, "does not exist"),
        (["import", "flickr30k-entities", "."], 2, "there is no dataset yet: run `vsa import FORMAT PATH`."),
        (["import", "folder", ".", "-o", "colour=red"], 2, "has no option 'colour'"),
        (["import", "folder", "empty"], 1, "holds no photo"),
        (["init", "."], 2, "is a workspace already"),
    ],
)
def test_wrong_use_is_one_sentence(workspace: Path, arguments: list[str], code: int, message: str) -> None:
    (workspace / "empty").mkdir()
    done = vsa(*arguments, cwd=workspace, code=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert rows("status", cwd=workspace) == []


def test_outside_of_a_workspace_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = vsa("status", cwd=tmp_path, code=2)
    assert "make one with `vsa init DIR`" in done.stderr


def test_the_database_tells_and_raises_its_version(workspace: Path) -> None:
    from vsa_toolkit.db import migrate

    assert migrate.HEAD in vsa("db", "current", cwd=workspace).stdout
    assert "already" in vsa("db", "upgrade", cwd=workspace).stdout
    with open_workspace(workspace) as opened:
        migrate.downgrade(opened.database.engine, "base")
    assert "run `vsa db upgrade`" in vsa("status", cwd=workspace, code=1).stderr
    assert "upgraded" in vsa("db", "upgrade", cwd=workspace).stdout
    vsa("status", cwd=workspace)


def test_check_exits_1_and_says_what_is_wrong(workspace: Path, photos: Path) -> None:
    vsa("import", "folder", photos, cwd=workspace)
    (photos / "train" / "0.png").unlink()
    (found,) = faults(workspace, code=1)
    assert (found["kind"], found["state"]) == ("photo missing", "open")


SLOW = """
import sys, os, signal
from pathlib import Path
from vsa_toolkit import importing
from vsa_toolkit.format import Format
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle, ImageFile, SentenceText

importing.BATCH = 2

class Fragile(Format):
    name = "fragile"

    def read(self, path, report):
        for number, file in enumerate(sorted(path.rglob("*.png"))):
            if number == 4 and not (path / "finish").exists():
                os.kill(os.getpid(), SIGNAL)
            key = str(file.relative_to(path))
            yield ImageBundle(key, ImageFile(key, Path(key), "train"), sentences=(SentenceText(0, key),))

@hookimpl
def vsa_formats(register):
    register(Fragile)
"""


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["killed", "Ctrl-C"]
)
def test_an_interrupted_import_leaves_nothing_half_and_goes_on(
    workspace: Path, photos: Path, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    plugin = tmp_path / "fragile.py"
    plugin.write_text(SLOW.replace("SIGNAL", str(int(how))))
    command = ("--plugin", plugin, "import", "fragile", photos)
    vsa(*command, cwd=workspace, code=code)
    (unfinished,) = rows("status", cwd=workspace)
    assert unfinished["what"] == "unfinished import"
    (found,) = faults(workspace, code=1)
    assert found["kind"] == "abandoned import"
    (photos / "finish").write_text("")
    assert "6 new images; 6 new sentences." in vsa(*command, cwd=workspace).stdout
    assert faults(workspace) == []


def test_an_abandoned_import_is_removed_by_check_fix(workspace: Path, photos: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "fragile.py"
    plugin.write_text(SLOW.replace("SIGNAL", str(int(signal.SIGKILL))))
    vsa("--plugin", plugin, "import", "fragile", photos, cwd=workspace, code=-signal.SIGKILL)
    (found,) = faults(workspace, "--fix")
    assert found["state"] == "fixed"
    assert rows("status", cwd=workspace) == []
    vsa("import", "folder", photos, cwd=workspace)


@pytest.mark.data
def test_flickr8k_with_entities_as_published(workspace: Path, real_data: Path) -> None:
    """One named photo does not exist, two photos are one file, 91 are in no split; sentences in another order."""
    photos = {row["what"]: row for row in rows("import", "flickr8k", real_data / "flickr8k", cwd=workspace)}
    assert (photos["images"]["new"], photos["sentences"]["new"]) == (8091, 40455)
    assert photos["photos in no split"]["read"] == 91
    assert photos["photos that are the same file as another"]["for example"] == (
        "2851198725_37b6027625 = 3050606344_af711c726c: all are kept"
    )
    assert "2258277193_586949ec62.jpg" in photos["photos that do not exist"]["for example"]
    source = real_data / "flickr30k_entities" / "flickr30k_entities.tar.xz"
    said = vsa("import", "flickr30k-entities", source, cwd=workspace).stdout
    assert "39,884 matched by letters and digits, 568 by smallest edit distance, 3 unmatched" in said
    assert "52,311 boxes scaled from the original photo to the 224 × 224 file." in said
    assert (
        "4,895 boxes are tied to phrases of several chains." in said
    )  # the XML ties two more to chains without a phrase
    with open_workspace(workspace) as opened:
        test = opened.store.read_split("flickr8k", "test", "flickr30k-entities")
        assert (len(test.images), len(test.sentences)) == (1000, 5000)
        assert max(r.box[0] + r.box[2] for r in test.regions) <= 224
