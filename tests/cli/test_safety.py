"""`vsa backup`, `restore`, `release`, `db check`, `db relink` and `db upgrade` as one types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root
from vsa_toolkit.db import migrate
from vsa_toolkit.db.workspace import open_database
from vsa_toolkit.errors import UserError

Vsa = Callable[..., Result]


@pytest.fixture
def vsa(tmp_path: Path) -> Vsa:
    """Runs a command in a workspace with five imported photos; errors of vsa come through."""
    workspace = tmp_path / "w"

    def run(*words: str) -> Result:
        done = CliRunner().invoke(root, ["--workspace", str(workspace), *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    (tmp_path / "photos").mkdir()
    for number in range(5):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "photos" / f"{number}.png")
    run("init", str(workspace))
    run("import", "folder", str(tmp_path / "photos"), "--dataset", "photos")
    return run


def test_a_workspace_is_saved_and_given_back(vsa: Vsa, tmp_path: Path) -> None:
    assert "vsa restore gives it back" in vsa("backup", str(tmp_path / "b.zip")).output
    assert "is as it was on" in vsa("restore", str(tmp_path / "b.zip"), str(tmp_path / "again")).output
    assert "all is well" in vsa("--workspace", str(tmp_path / "again"), "db", "check").output


def test_a_dataset_that_moved_is_one_line_and_a_renamed_photo_another(vsa: Vsa, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "moved")
    (tmp_path / "moved" / "3.png").rename(tmp_path / "moved" / "dog.png")
    assert vsa("db", "check").exit_code == 1
    told = vsa("db", "relink", str(tmp_path), "--dry-run")
    assert "4 photos have the paths there that they had" in told.output
    assert "5 photos would be relinked, 0 still missing" in told.output
    done = vsa("db", "relink", str(tmp_path), "--format", "json")
    rows = json.loads(done.stdout)
    assert {Path(row["now"]).name for row in rows} == {"0.png", "1.png", "2.png", "dog.png", "4.png"}
    assert set(rows[0]) == {"dataset", "image", "was", "now", "how"}
    assert vsa("db", "check").exit_code == 0
    assert "all photos are in their places" in vsa("db", "relink", str(tmp_path)).output


def test_photos_that_are_still_missing_fail_the_command(vsa: Vsa, tmp_path: Path) -> None:
    (tmp_path / "photos" / "3.png").unlink()
    done = vsa("db", "relink", str(tmp_path))
    assert done.exit_code == 1
    assert "0 photos relinked, 1 still missing" in done.output


def test_notes_are_not_failures(vsa: Vsa, tmp_path: Path) -> None:
    (tmp_path / "photos" / "same.png").write_bytes((tmp_path / "photos" / "1.png").read_bytes())
    vsa("import", "folder", str(tmp_path / "photos"), "--dataset", "photos")
    done = vsa("db", "check", "--format", "json")
    assert [(row["kind"], row["state"]) for row in json.loads(done.stdout)] == [("duplicate photo", "note")]
    assert done.exit_code == 0


def test_an_upgrade_saves_the_rows_first_and_says_where(vsa: Vsa, tmp_path: Path) -> None:
    with open_database(tmp_path / "w") as database:
        migrate.downgrade(database.engine, migrate.known_versions()[0])
    done = vsa("db", "upgrade")
    (saved,) = (tmp_path / "w" / "backups").iterdir()
    assert str(saved) in done.output.replace("\n", "")
    assert f"upgraded to version {migrate.HEAD}" in done.output
    assert "already" in vsa("db", "upgrade").output
    with open_database(tmp_path / "w") as database:
        migrate.downgrade(database.engine, migrate.known_versions()[0])
    vsa("db", "upgrade", "--no-backup")
    assert list((tmp_path / "w" / "backups").iterdir()) == [saved]


def test_a_release_is_made_checked_listed_and_read_back(vsa: Vsa, tmp_path: Path) -> None:
    done = vsa("release", "photos-1.0", "--licence", "CC0")
    assert "cite it as photos-1.0@" in done.output
    assert "no licence" not in done.output
    folder = tmp_path / "w" / "releases" / "photos-1.0"
    assert "is as it was released" in vsa("release", "--check", str(folder)).output
    assert [row["release"] for row in json.loads(vsa("release", "--list", "--format", "json").stdout)] == ["photos-1.0"]
    vsa("import", "release", str(folder), "-o", f"images={tmp_path / 'photos'}", "--dataset", "again")
    (folder / "images.jsonl").write_text("")
    wrong = vsa("release", "--check", str(folder))
    assert (wrong.exit_code, wrong.output) == (1, "images.jsonl was changed: its sha256 is not the released one.\n")


def test_the_makers_own_words_are_on_the_card(vsa: Vsa, tmp_path: Path) -> None:
    (tmp_path / "about.md").write_text("Photos of *dogs*. Ask ann@example.org.\n", encoding="utf-8")
    done = vsa("release", "dogs-1.0", "--about", str(tmp_path / "about.md"))
    assert "--about FILE" not in done.output
    (card,) = tmp_path.rglob("releases/dogs-1.0/README.md")
    assert "## About\n\nPhotos of *dogs*. Ask ann@example.org.\n" in card.read_text(encoding="utf-8")
    assert "| `images.jsonl` | " in card.read_text(encoding="utf-8")
    assert "--about FILE" in vsa("release", "dogs-1.1").output
    with pytest.raises(UserError, match=r"gone\.md cannot be read: No such file"):
        vsa("release", "dogs-1.2", "--about", str(tmp_path / "gone.md"))


def test_an_unstated_licence_is_said(vsa: Vsa) -> None:
    assert "no licence is stated for folder" in vsa("release", "photos-1.0").output


@pytest.mark.parametrize("words", [[], ["one", "--list"], ["--list", "--check", "x"]])
def test_one_thing_at_a_time_is_asked_of_release(vsa: Vsa, words: list[str]) -> None:
    done = vsa("release", *words)
    assert done.exit_code == 2
    assert "name the release to make, or use --check DIR or --list" in done.output


def test_a_source_needs_its_part(vsa: Vsa) -> None:
    with pytest.raises(UserError, match="PART=TEXT"):
        vsa("release", "one", "--source", "somewhere")
