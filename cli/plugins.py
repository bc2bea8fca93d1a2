"""`vsa plugins`: what is installed, read from metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.options import Options

KIND_NAMES = {
    "backends": "backend",
    "encoders": "encoder",
    "proposers": "proposer",
    "formats": "format",
    "metrics": "metric",
    "executors": "executor",
}
KIND = click.Choice(list(KIND_NAMES))


@click.group("plugins")
def command() -> None:
    """Backends, encoders, proposers, formats, metrics and executors: what is installed.

    \b
    Examples:
      vsa plugins list
      vsa plugins show backends brnn
      vsa --plugin ./mine.py plugins list
    """


@command.command("list")
@click.option("--kind", type=KIND, help="Only this kind.")
@shared.format_option
def list_plugins(kind: str | None, output: str) -> None:
    """One line a name; nothing is imported."""
    from vsa_toolkit.registry import registry

    from .output import print_rows

    rows = [
        {
            "kind": KIND_NAMES[row.kind],
            "name": row.name,
            "distribution": row.distribution or "(file)",
            "version": row.version,
            "module": row.module,
        }
        for row in registry().listings(kind)
    ]
    print_rows(rows, output, empty="no plugins: VSA_PLUGINS may be set to nothing", spare=("module",))


@command.command("show")
@click.argument("kind", type=KIND)
@click.argument("name")
@shared.format_option
def show_plugin(kind: str, name: str, output: str) -> None:
    """What a plugin is, what it can do, and its options with types and defaults."""
    from vsa_toolkit.registry import registry

    from .output import print_rows

    found = registry().get(kind, name)
    if output == "rich":
        click.echo(f"{KIND_NAMES[kind]} {name} ({found.__module__}.{found.__qualname__})")
        click.echo((found.__doc__ or "").strip().partition("\n\n")[0])
        if kind == "backends":
            from vsa_toolkit.backend import abilities

            click.echo(f"abilities: {', '.join(abilities(found)) or 'none'}")
        if kind == "formats":
            click.echo(f"ways: {'in, out' if found.goes_both_ways() else 'in'}")
            if found.boxes is not None:
                click.echo(f"boxes: {found.boxes.says}")
        if getattr(found, "paper", ""):
            click.echo(f"paper: {found.paper}")
    print_rows(option_rows(found.Options), output, empty="it has no options")


def option_rows(options: type[Options]) -> list[dict[str, str]]:
    """An entry an option: its name, type, default and help."""
    return [
        {
            "option": option,
            "type": _type_name(field.annotation),
            "default": "required" if field.is_required() else repr(field.get_default(call_default_factory=True)),
            "help": field.description or "",
        }
        for option, field in options.model_fields.items()
    ]


def _type_name(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


@command.command("new")
@click.argument("template", type=click.Choice(["backend", "format"]))
@click.argument("name")
@click.option("--dir", "folder", type=click.Path(file_okay=False), default=".", show_default=True, metavar="DIR",
              help="Where the project's folder is made.")  # fmt: skip
def new_command(template: str, name: str, folder: str) -> None:
    """Write the project of a plugin of your own: code that runs, tests, a file that makes it installable.

    \b
    Examples:
      vsa plugins new backend my-model
      vsa plugins new format my-format --dir ~/src
    """
    from pathlib import Path

    from vsa_toolkit.plugin_template import new_plugin

    made = new_plugin(template, name, Path(folder))
    click.echo(f"{made}: a {template} that works, to be changed.")
    click.echo(f"next: pip install -e '{made}[test]' && pytest {made}")


@command.command("check")
@click.argument("kind", type=KIND)
@click.argument("name")
@shared.plugin_options
@click.option("--source", metavar="PATH", type=click.Path(exists=True), help="A small source for a format to read.")
@shared.format_option
def check_command(kind: str, name: str, pairs: tuple[str, ...], source: str | None, output: str) -> None:
    """Try a plugin on small simulated data: does it keep what the toolkit counts on?

    Exit 0 where every check holds. In a plugin's own tests the same is one line: vsa_toolkit.testing.conformance.

    \b
    Examples:
      vsa plugins check backends brnn -o epochs=2 -o dimension=16
      vsa --plugin ./mine.py plugins check proposers mine
      vsa plugins check formats coco --source captions.json
    """
    from pathlib import Path

    from vsa_toolkit.errors import PluginError
    from vsa_toolkit.testing import check_plugin

    from .output import print_rows

    outcomes = list(check_plugin(kind, name, pairs, Path(source) if source else None))
    rows = [{"check": o.name, "": o.state, "what must hold": o.says, "what was found": o.detail} for o in outcomes]
    print_rows(rows, output, title=f"{KIND_NAMES[kind]} {name}")
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    if failed:
        for outcome in failed:
            if outcome.trace:
                click.echo(f"\n{outcome.name}:\n{outcome.trace}", err=True)
        raise PluginError(f"{KIND_NAMES[kind]} {name} fails {len(failed)} of {len(outcomes)} checks.")
