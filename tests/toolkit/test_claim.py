from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from vsa_toolkit.claim import claim
from vsa_toolkit.errors import UserError

HOLD = """
import sys
from pathlib import Path
from vsa_toolkit.claim import claim
with claim(Path(sys.argv[1]), "run 3"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_folder_that_was_removed_meanwhile_is_claimed_anew(tmp_path: Path) -> None:
    """The one who waited must not hold a file that nobody else will see."""
    place = tmp_path / "place"
    opened: list[int] = []

    def flock(file: IO[str], operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            if not opened:
                shutil.rmtree(place)
            opened.append(file.fileno())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsa_toolkit.claim.fcntl.flock", flock)
        with claim(place, "run 3"):
            assert (place / ".claim").exists()
    assert len(opened) == 2


def test_what_another_process_holds_is_refused_and_free_when_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="run 3 is being worked on"), claim(tmp_path, "run 3"):
            pass
        other.kill()
    with claim(tmp_path, "run 3"):
        pass
