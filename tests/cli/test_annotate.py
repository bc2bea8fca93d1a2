"""`vsa annotate` as a person and as a script start it."""

from __future__ import annotations

import getpass
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from PIL import Image

from vsa_toolkit.cli import main, root

START = "from vsa_toolkit.cli import main; main()"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annotate")
    photos = folder / "photos"
    photos.mkdir()
    for name in ("one", "two"):
        Image.new("RGB", (80, 60), "#8fae6b").save(photos / f"{name}.png")
    for arguments in (["init", str(folder / "w")], ["--workspace", str(folder / "w"), "import", "folder", str(photos)]):
        done = CliRunner().invoke(root, arguments)
        assert done.exit_code == 0, done.output
    return folder / "w"


@contextmanager
def started(workspace: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-P", "-c", START, "--workspace", str(workspace), "annotate", "--no-browser", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_the_printed_address_opens_the_page_at_once(workspace: Path) -> None:
    with started(workspace, "--port", "0", "--annotator", "ann") as process:
        address = first_line(process)
        assert address.startswith("http://127.0.0.1:")
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            page = client.get(address)
            assert page.status_code == 200
            assert "/static/page.js" in page.text
            start = address.partition("/?")[0]
            assert client.get(f"{start}/api/next").json()["progress"]["total"] == 2
        assert httpx.get(f"{start}/api/next", timeout=30).status_code == 401


def test_standard_output_is_the_address_and_nothing_else_and_ctrl_c_is_a_good_end(workspace: Path) -> None:
    with started(workspace, "--port", "0", "--annotator", "ann") as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert output == ""
        assert "ann annotates" in errors
        assert "0 of 2 images done" in errors


def test_a_used_address_brings_a_new_one_to_the_terminal(workspace: Path) -> None:
    with started(workspace, "--port", "0", "--annotator", "ann") as process:
        address = first_line(process)
        assert httpx.get(address, timeout=30).status_code == 303
        assert httpx.get(address, timeout=30).status_code == 401
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        [line] = [line for line in errors.splitlines() if "a new one" in line]
        assert line.partition("new one: ")[2] != address


def test_nobody_else_on_the_network_is_served(workspace: Path) -> None:
    with started(workspace, "--port", "0") as process:
        port = int(first_line(process).split(":")[2].split("/")[0])
        with socket.socket() as knock, pytest.raises(OSError):
            knock.settimeout(5)
            knock.connect(("127.0.0.2", port))  # another address of this very machine


def test_a_server_that_was_killed_and_started_again_knows_its_browser_and_every_acknowledged_change(
    workspace: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    origin = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=origin, headers={"Origin": origin}, timeout=30) as client:
        for turn in range(3):
            with started(workspace, "--port", port, "--annotator", "eve") as process:
                address = first_line(process)
                if turn == 0:
                    assert client.get(address).status_code == 303
                operation = {
                    "op_id": f"before-kill-{turn}", "image": 1, "kind": "add", "text": f"phrase {turn}",
                    "box": [1, 2, 30, 40],
                }  # fmt: skip
                answer = client.post("/api/operations", json={"operations": [operation]}).json()
                assert answer["results"][0]["status"] == 200
                process.kill()
                process.wait()
        with started(workspace, "--port", port, "--annotator", "eve") as process:
            first_line(process)
            again = client.post("/api/operations", json={"operations": [operation]}).json()
            assert again["results"] == answer["results"]
            phrases = client.get("/api/images/1").json()["state"]["phrases"]
            assert [phrase["text"] for phrase in phrases] == ["phrase 0", "phrase 1", "phrase 2"]


def test_a_team_comes_with_the_links_that_are_printed(workspace: Path) -> None:
    run = CliRunner().invoke
    at = ["--workspace", str(workspace)]
    with started(workspace, "--host", "127.0.0.1", "--port", "0") as process:
        address = first_line(process)
        link = run(root, [*at, "annotators", "add", "olga", "--role", "owner", "--public", address]).stdout.strip()
        assert link.startswith(f"{address}join#")
        origin = address.rstrip("/")
        with httpx.Client(base_url=origin, headers={"Origin": origin}, timeout=30) as client:
            assert client.get("/api/next").status_code == 401
            token = link.partition("#")[2]
            assert client.post("/api/session", json={"token": token}).json()["annotator"]["role"] == "owner"
            assert client.get("/api/next").status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "plain http" in errors


def test_who_annotates_is_the_login_name_where_it_is_not_said(workspace: Path) -> None:
    with started(workspace, "--port", "0") as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert f"{getpass.getuser()} annotates" in errors


def failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    shown = capsys.readouterr()
    assert shown.out == ""
    return int(str(ended.value.code)), shown.err


def test_a_port_that_is_taken_is_one_sentence(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, error = failure(["--workspace", str(workspace), "annotate", "--no-browser", "--port", port], capsys)
    assert code == 1
    assert f"port {port} cannot be used" in error


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--split", "tests"], "split"),
        (["--dataset", "flicker"], "there is no dataset 'flicker'"),
        (["--annotator", "  "], "an annotator needs a name"),
        (["--port", "70000"], "70000"),
        (["--campaign", "pilott"], "no campaign 'pilott'"),
        (["--public", "http://lab"], "go with --host"),
        (["--host", "127.0.0.1", "--annotator", "ann"], "--annotator is for this machine"),
        (["--host", "127.0.0.1", "--certificate", "x.pem"], "go together"),
    ],
)
def test_wrong_use_is_told_before_anything_starts(
    workspace: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    code, error = failure(["--workspace", str(workspace), "annotate", "--no-browser", *options], capsys)
    assert code == 2
    assert sentence in error


def test_a_team_without_anybody_is_told_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "photos" / "one.png")
    at = ["--workspace", str(tmp_path / "w")]
    for arguments in (["init", str(tmp_path / "w")], [*at, "import", "folder", str(tmp_path / "photos")]):
        assert CliRunner().invoke(root, arguments).exit_code == 0
    code, error = failure([*at, "annotate", "--host", "127.0.0.1"], capsys)
    assert code == 2
    assert "vsa annotators add NAME" in error


def test_without_any_dataset_the_way_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CliRunner().invoke(root, ["init", str(tmp_path / "w")])
    code, error = failure(["--workspace", str(tmp_path / "w"), "annotate"], capsys)
    assert code == 2
    assert "vsa import" in error
