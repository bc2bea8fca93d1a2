"""Make `.typing/vsa_toolkit`: the package as one tree of links, for type-checkers and editors (`make dev`)."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent
FOLDERS = {"plugins": "plugins", "db": "db", "web": "web", "cli": "cli"}


def main() -> None:
    tree = ROOT / ".typing" / "vsa_toolkit"
    tree.mkdir(parents=True, exist_ok=True)
    for entry in tree.iterdir():
        entry.unlink()
    for entry in (ROOT / "toolkit").iterdir():
        if entry.name != "__pycache__":
            (tree / entry.name).symlink_to(entry)
    for name, folder in FOLDERS.items():
        (tree / name).symlink_to(ROOT / folder)


if __name__ == "__main__":
    main()
