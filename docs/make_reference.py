"""Writes docs/reference/: commands, plugins, hooks, tables and environment variables, from the code itself.

python docs/make_reference.py
"""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from vsa_toolkit import hookspecs
from vsa_toolkit.backend import ABILITIES, abilities
from vsa_toolkit.cli import root
from vsa_toolkit.cli.plugins import option_rows
from vsa_toolkit.db.models import Base
from vsa_toolkit.registry import KINDS, registry

DOCS = Path(__file__).parent
FOLDER = DOCS / "reference"
SOURCES = ("toolkit", "plugins", "db", "web", "cli", "alembic")
NOTE = "<!-- Written by docs/make_reference.py: change the code, and run it. -->"
VARIABLE = re.compile(r"(VSA|XDG)_[A-Z_]+")
NO_VARIABLES = {"VSA_API"}  # an attribute of a plugin's module
TEXTS = tomllib.loads((DOCS / "reference_texts.toml").read_text(encoding="utf-8"))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / f"{name}.md").write_text(page(), encoding="utf-8")
        print(FOLDER / f"{name}.md")


def commands_page() -> str:
    parts = ["# Commands", "Each also says this itself: `vsa COMMAND --help`."]
    for path, command in commands():
        parts += [f"{'#' * min(4, len(path.split()) + 1)} {path}", *_paragraphs(command.help or "")]
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        if arguments:
            parts.append("Takes " + " ".join(f"`{_argument(a)}`" for a in arguments) + ".")
        rows = [
            (", ".join(f"`{name}`" for name in (*p.opts, *p.secondary_opts)), _takes(p), _default(p), p.help or "")
            for p in command.params
            if isinstance(p, click.Option) and not p.hidden
        ]
        parts += _table(("option", "takes", "default", ""), rows)
    return _page(parts)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its path, such as `vsa plugins list`."""
    yield from _below("vsa", root)


def plugins_page() -> str:
    parts = [
        "# Built-in plugins",
        "`vsa plugins list` shows what is installed, `vsa plugins show KIND NAME` one of it.",
    ]
    for kind in KINDS:
        parts.append(f"## {kind.capitalize()}")
        for name, found in built_in(kind):
            parts += [f"### {name}", *_paragraphs(inspect.getdoc(found) or "")[:1]]
            if kind == "backends":
                parts.append(f"Abilities: {', '.join(abilities(found))}.")
            if getattr(found, "paper", ""):
                parts.append(f"Paper: {found.paper}")
            rows = [(f"`{r['option']}`", f"`{r['type']}`", f"`{r['default']}`", r["help"])
                    for r in option_rows(found.Options)]  # fmt: skip
            parts += _table(("option", "type", "default", ""), rows) or ["No options."]
    return _page(parts)


def built_in(kind: str) -> list[tuple[str, type[Any]]]:
    """Our own plugins of a kind: name and class."""
    ours = [row.name for row in registry().listings(kind) if row.module.startswith("vsa_toolkit.plugins.")]
    return [(name, registry().get(kind, name)) for name in ours]


def hooks_page() -> str:
    parts = ["# Hooks", *_paragraphs(inspect.getdoc(hookspecs) or "")]
    parts.append(f"The API version is {hookspecs.API_VERSION}: a plugin's module may state `VSA_API`, and is refused "
                 "with a sentence where that is another one.")  # fmt: skip
    for kind in KINDS.values():
        base = kind.base()
        hook = getattr(hookspecs, kind.hook)
        parts += [f"## {kind.hook}{_signature(hook)}", *_paragraphs(inspect.getdoc(hook) or "")]
        parts += [f"Entry points: `{kind.group}`."]
        parts += _class(f"vsa_toolkit.{base.__name__}", base)
        if kind.name == "backends":
            for name, (ability, _) in ABILITIES.items():
                parts += _class(f"ability {name}: vsa_toolkit.{ability.__name__}", ability)
    return _page(parts)


def database_page() -> str:
    parts = ["# Tables", "A workspace's database, SQLite or PostgreSQL; `vsa db --help` looks after it."]
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.local_table.name):
        table = mapper.local_table
        parts += [f"## {table.name}", *_paragraphs(inspect.getdoc(mapper.class_) or "")]
        rows = []
        for column in table.columns:
            leads = [f"→ {key.target_fullname}" for key in column.foreign_keys]
            kind = " ".join([str(column.type).lower(), "or NULL" if column.nullable else "", *leads]).strip()
            rows.append((f"`{column.name}`", re.sub(" +", " ", kind), column_text(table.name, column.name)))
        parts += _table(("column", "type", ""), rows)
    return _page(parts)


def column_text(table: str, column: str) -> str:
    """What is said of a column; empty where nothing is."""
    columns: dict[str, Any] = TEXTS["columns"]
    said = columns.get(table, {}).get(column, columns.get(column, ""))
    return said if isinstance(said, str) else ""


def environment_page() -> str:
    rows = [(f"`{name}`", TEXTS["environment"].get(name, "")) for name in variables()]
    return _page(["# Environment variables", *_table(("variable", ""), rows)])


def variables() -> list[str]:
    """Every environment variable that the source names, as a string of its own."""
    found = set()
    for folder in SOURCES:
        for path in (DOCS.parent / folder).rglob("*.py"):
            if "templates" not in path.parts:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return sorted(name for name in found - NO_VARIABLES if VARIABLE.fullmatch(name))


def _below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _below(f"{path} {name}", inner)


def _argument(argument: click.Argument) -> str:
    name = (argument.metavar or (argument.name or "").upper()).strip("[]").removesuffix("...")
    if isinstance(argument.type, click.Choice) and argument.metavar is None:
        name = "|".join(map(str, argument.type.choices))
    shown = name + ("…" if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _takes(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    bounds = ""
    if isinstance(option.type, click.IntRange | click.FloatRange):
        lower, upper = option.type.min, option.type.max
        bounds = "".join((f" ≥ {lower}" if lower is not None else "", f" ≤ {upper}" if upper is not None else ""))
    repeated = ", repeated" if option.multiple else ""
    return f"{option.metavar or option.type.name.removesuffix(' range').upper()}{bounds}{repeated}"


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    shown = option.show_default and option.default is not None and not callable(option.default)
    return f"`{option.default}`" if shown and not option.is_flag else ""


def _class(title: str, kind: type[Any]) -> list[str]:
    parts = [f"### {title}", *_paragraphs(inspect.getdoc(kind) or "")]
    for name, member in vars(kind).items():
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        parts += [f"`{name}{_signature(function)}`", *_paragraphs(inspect.getdoc(function) or "")]
    return parts


def _signature(function: Callable[..., Any]) -> str:
    return re.sub(r"'([^']*)'", r"\1", str(inspect.signature(function)))


def _paragraphs(text: str) -> list[str]:
    r"""The paragraphs of a docstring; those that click keeps as they are (\b) become blocks."""
    found = []
    for paragraph in inspect.cleandoc(text).replace("\f", "").split("\n\n"):
        kept = paragraph.startswith("\b\n")
        body = paragraph.removeprefix("\b\n")
        if kept:
            found.append(f"```text\n{body}\n```")
        elif re.match(r"(Raises|Returns):\n", body):
            head, *lines = body.splitlines()
            items = re.sub(r"\n(?!- )\s*", " ", "\n".join(re.sub(r"^ {4}(?=\S)", "- ", line) for line in lines))
            found.append(f"{head}\n\n{items}")
        elif body:
            found.append(" ".join(body.split()))
    return found


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [" | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) for row in rows]
    return (
        ["\n".join(f"| {line} |" for line in (" | ".join(head), " | ".join("---" for _ in head), *lines))]
        if lines
        else []
    )


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join([NOTE, *parts]) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "commands": commands_page,
    "plugins": plugins_page,
    "hooks": hooks_page,
    "database": database_page,
    "environment": environment_page,
}

if __name__ == "__main__":
    main()
