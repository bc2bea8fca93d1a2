from pathlib import Path

import pytest

from vsa_toolkit.db import migrate
from vsa_toolkit.db.engine import DatabaseAwayError, make_engine
from vsa_toolkit.db.workspace import create_workspace, find_workspace, open_workspace, write_settings
from vsa_toolkit.errors import DataError, UserError


def test_a_workspace_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_workspace(tmp_path / "w").close()
    deep = tmp_path / "w" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with open_workspace() as workspace:
        assert workspace.folder == tmp_path / "w"


def test_the_environment_names_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_workspace(tmp_path / "w").close()
    monkeypatch.setenv("VSA_WORKSPACE", str(tmp_path / "w"))
    assert find_workspace() == tmp_path / "w"


def test_outside_of_a_workspace_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"is a workspace: make one with `vsa init DIR`\.$"):
        open_workspace()
    with pytest.raises(UserError, match=r"no workspace \(it has no vsa.toml\)"):
        open_workspace(tmp_path / "nowhere")


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    create_workspace(tmp_path / "w").close()
    with pytest.raises(UserError, match="is a workspace already"):
        create_workspace(tmp_path / "w")


def test_an_interrupted_init_can_be_repeated(tmp_path: Path) -> None:
    create_workspace(tmp_path / "w").close()
    (tmp_path / "w" / "vsa.toml").unlink()  # it is written last
    create_workspace(tmp_path / "w").close()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(UserError, match="is a file: name a folder"):
        create_workspace(tmp_path / "w")


@pytest.mark.parametrize(
    ("text", "message"),
    [("databse = 'x'", "Did you mean 'database'"), ("database = 3", "must be a string"), ("= =", "cannot be read")],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, text: str, message: str) -> None:
    create_workspace(tmp_path / "w").close()
    (tmp_path / "w" / "vsa.toml").write_text(text)
    with pytest.raises(UserError, match=message):
        open_workspace(tmp_path / "w")


def test_the_database_can_be_elsewhere(tmp_path: Path) -> None:
    create_workspace(tmp_path / "w").close()
    create_workspace(tmp_path / "other").close()
    (tmp_path / "w" / "vsa.toml").write_text(f"database = 'sqlite:///{tmp_path / 'other' / 'vsa.db'}'")
    (tmp_path / "w" / "vsa.db").unlink()
    with open_workspace(tmp_path / "w") as workspace:
        assert workspace.store.list_datasets() == []
    assert not (tmp_path / "w" / "vsa.db").exists()


def test_a_workspace_on_a_url_and_a_second_one_that_shares_its_database(new_url: str, tmp_path: Path) -> None:
    create_workspace(tmp_path / "one", new_url).close()
    with create_workspace(tmp_path / "two", new_url) as two:
        assert two.settings == {"database": new_url}
        two.store.list_datasets()
    assert not (tmp_path / "two" / "vsa.db").exists()


def test_a_password_in_the_settings_is_for_their_owner_alone(tmp_path: Path) -> None:
    write_settings(tmp_path, "postgresql://ann@host/name")
    assert (tmp_path / "vsa.toml").stat().st_mode & 0o044
    write_settings(tmp_path, "postgresql://ann:secret@host/name")
    assert (tmp_path / "vsa.toml").stat().st_mode & 0o077 == 0


def test_a_workspace_on_a_server_that_is_not_there_is_not_begun(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(DatabaseAwayError, match="is the server running"):
        create_workspace(tmp_path / "w", "postgresql://ann@127.0.0.1:1/name")
    assert not (tmp_path / "w").exists()


def test_a_database_of_another_version_is_not_migrated_by_a_newcomer(new_url: str, tmp_path: Path) -> None:
    create_workspace(tmp_path / "one", new_url).close()
    engine = make_engine(new_url)
    migrate.downgrade(engine, migrate.known_versions()[0])
    engine.dispose()
    with pytest.raises(DataError, match="run `vsa db upgrade`"):
        create_workspace(tmp_path / "two", new_url)


@pytest.mark.parametrize("name", ["per%cent", "question?mark", "a#b", "with space", "ünï"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    create_workspace(tmp_path / name).close()
    assert (tmp_path / name / "vsa.db").exists()
