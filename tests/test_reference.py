"""The reference pages are what the code says now, and the code says something of everything on them."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import click
import pytest

from vsa_toolkit import hookspecs
from vsa_toolkit.db.models import Base
from vsa_toolkit.registry import KINDS

SCRIPT = Path(__file__).parent.parent / "docs" / "make_reference.py"
COLUMNS = [(table.name, column.name) for table in Base.metadata.sorted_tables for column in table.columns]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_reference = load_script()
COMMANDS = list(make_reference.commands())


@pytest.mark.parametrize("name", make_reference.PAGES)
def test_the_page_is_fresh(name: str) -> None:
    path = SCRIPT.parent / "reference" / f"{name}.md"
    fresh = path.is_file() and path.read_text(encoding="utf-8") == make_reference.PAGES[name]()
    assert fresh, f"docs/reference/{name}.md is not what the code says now: run `python docs/make_reference.py`"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_and_option_has_help(path: str, command: click.Command) -> None:
    assert command.help
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help or option.hidden, f"{path} {option.opts[0]}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_plugin_says_what_it_is_and_what_its_options_do(kind: str) -> None:
    for name, plugin in make_reference.built_in(kind):
        assert plugin.__doc__, name
        for option, field in plugin.Options.model_fields.items():
            assert field.description, f"{name} -o {option}"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.hook)
def test_every_hook_and_every_argument_of_it_has_a_text(kind: object) -> None:
    hook = getattr(hookspecs, kind.hook)  # type: ignore[attr-defined]
    assert hook.__doc__
    for argument in inspect.signature(hook).parameters:
        assert f"`{argument}`" in hook.__doc__ + str(hookspecs.__doc__), argument


def test_there_is_a_kind_for_every_hook() -> None:
    assert {kind.hook for kind in KINDS.values()} == {name for name in vars(hookspecs) if name.startswith("vsa_")}


def test_the_hooks_fit_on_a_few_screens() -> None:
    assert len(inspect.getsource(hookspecs).splitlines()) <= 150


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_column_has_a_text(table: str, column: str) -> None:
    said = make_reference.column_text(table, column)
    assert said, f"say what {table}.{column} is in docs/reference_texts.toml, then run `python docs/make_reference.py`"


def test_every_text_is_of_a_column_that_there_is() -> None:
    columns = make_reference.TEXTS["columns"]
    of_tables = {(table, column) for table, texts in columns.items() if isinstance(texts, dict) for column in texts}
    assert of_tables <= set(COLUMNS)
    assert {name for name, text in columns.items() if isinstance(text, str)} <= {column for _, column in COLUMNS}


def test_every_table_has_a_text() -> None:
    for mapper in Base.registry.mappers:
        assert "__doc__" in vars(mapper.class_), mapper.class_.__name__
        assert mapper.class_.__doc__, mapper.class_.__name__


def test_every_environment_variable_has_a_text_and_every_text_a_variable() -> None:
    assert set(make_reference.variables()) == set(make_reference.TEXTS["environment"]), "docs/reference_texts.toml"
