"""A new plugin from a template: a whole project, with tests, that can be installed and published as it is.

The templates are those of cookiecutter (`cookiecutter toolkit/templates/backend` gives the same); jinja2, which the
pages use as well, fills them in here.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import jinja2

from .errors import UserError

TEMPLATES = ("backend", "format")
FIELDS = "cookiecutter.json"


def new_plugin(template: str, name: str, folder: Path) -> Path:
    """Write the project of a backend or format called `name` as a new folder below `folder`; returns that folder.

    Raises:
        UserError: no such template, a name that cannot be one, a folder that is there already.
    """
    if template not in TEMPLATES:
        raise UserError(f"there is no template {template!r}: {', '.join(TEMPLATES)}.")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UserError(
            f"{name!r} is no name for a plugin: small letters, digits and single hyphens, such as 'my-model'."
        )
    root = resources.files("vsa_toolkit").joinpath("templates", template)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    fields = _fields(root, name, environment)
    made = folder / fields["distribution"]
    if made.exists():
        raise UserError(f"{made} is there already: choose another name, or remove it.")
    for file, parts in _files(root):
        path = folder.joinpath(*(_filled(part, fields, environment) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(file.read_text(encoding="utf-8"), fields, environment), encoding="utf-8")
    return made


def _fields(root: Traversable, name: str, environment: jinja2.Environment) -> dict[str, str]:
    """The template's fields, each of which may be made from those before it."""
    fields: dict[str, str] = {}
    for field, value in json.loads(root.joinpath(FIELDS).read_text(encoding="utf-8")).items():
        fields[field] = name if field == "name" else _filled(value, fields, environment)
    return fields


def _filled(text: str, fields: dict[str, str], environment: jinja2.Environment) -> str:
    return environment.from_string(text).render(cookiecutter=fields)


def _files(folder: Traversable, parts: tuple[str, ...] = ()) -> Iterator[tuple[Traversable, tuple[str, ...]]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name in (FIELDS, "__pycache__"):
            continue
        if entry.is_dir():
            yield from _files(entry, (*parts, entry.name))
        else:
            yield entry, (*parts, entry.name)
