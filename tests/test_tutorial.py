"""The tutorial's blocks run as they stand, one after the other; only installing is done by metadata on the path."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "plugins.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
PIP = f"""
pip() {{
  cp -r vsa-my-model/src/. "$PYTHONPATH"/
  info="$PYTHONPATH/vsa_my_model-0.1.0.dist-info"
  mkdir "$info"
  printf 'Metadata-Version: 2.1\\nName: vsa-my-model\\nVersion: 0.1.0\\n' > "$info/METADATA"
  {sys.executable} - <<'END' > "$info/entry_points.txt"
import tomllib
groups = tomllib.load(open("vsa-my-model/pyproject.toml", "rb"))["project"]["entry-points"]
for group, points in groups.items():
    print(f"[{{group}}]", *(f"{{name}} = {{module}}" for name, module in points.items()), sep="\\n")
END
}}
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "site").mkdir()
    script = "set -eu\n" + PIP + "\necho '=== next'\n".join(BLOCKS)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "COLUMNS": "120", "OMP_NUM_THREADS": "1",
             "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.split("=== next\n")


def test_the_new_backend_is_installed_and_shows_itself(shown: list[str]) -> None:
    assert "backend my-model (vsa_my_model.MyModel)" in shown[0]
    assert "dual-encoder" in shown[0]


def test_it_passes_every_check(shown: list[str]) -> None:
    assert "passed" in shown[1]
    assert "failed" not in shown[1]


def test_its_row_is_in_the_table_beside_the_demos(shown: list[str]) -> None:
    table = shown[2][shown[2].rindex("Retrieval on simulated") :]
    assert "my-model" in table
    assert "brnn" in table
