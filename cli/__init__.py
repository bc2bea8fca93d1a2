"""The command line: one file a command, each imported when it is needed; thin: parse, call, print."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from vsa_toolkit import __version__
from vsa_toolkit.errors import VsaError, did_you_mean

# Command → the file of this folder that has it, as a click command named `command`.
COMMANDS = {
    "init": "init",
    "status": "status",
    "import": "import_",
    "export": "export",
    "propose": "propose",
    "features": "features",
    "campaign": "campaign",
    "annotators": "annotators",
    "assign": "assign",
    "annotate": "annotate",
    "phrases": "phrases",
    "train": "train",
    "run": "run",
    "caption": "caption",
    "eval": "eval",
    "compare": "compare",
    "metric": "metric",
    "show": "show",
    "runs": "runs",
    "checkpoints": "checkpoints",
    "plugins": "plugins",
    "db": "db",
    "backup": "backup",
    "restore": "restore",
    "release": "release",
    "reproduce": "reproduce",
    "demo": "demo",
}


class Commands(click.Group):
    """A group that imports a command's file when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"vsa_toolkit.cli.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _load_plugin_files(ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]) -> None:
    if not paths:
        return
    from pathlib import Path

    from vsa_toolkit.registry import registry

    for path in paths:
        registry().load_file(Path(path))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="vsa")
@click.option("--workspace", metavar="DIR", help="The workspace's folder (default: found upwards, or VSA_WORKSPACE).")
@click.option(
    "--plugin",
    "plugins",
    metavar="FILE",
    multiple=True,
    callback=_load_plugin_files,
    expose_value=False,
    help="Load the plugins of one Python file, for this command.",
)
@click.pass_context
def root(ctx: click.Context, workspace: str | None) -> None:
    """Visual-semantic alignment: collect region phrases, align words with regions, evaluate both.

    \b
    Example, from photos to a table:
      vsa init flickr && cd flickr
      vsa import flickr8k ~/data/Flickr8k
      vsa propose --proposer grid
      vsa train --backend brnn
      vsa run --backend brnn --split test
      vsa eval --protocol retrieval
    """
    ctx.obj = workspace or os.environ.get("VSA_WORKSPACE")


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; exit 0 done, 1 the work failed, 2 wrong use, 130 interrupted."""
    try:
        result = root.main(args=argv, prog_name="vsa", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except VsaError as error:
        _fail(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted; what was finished is kept, the same command goes on from there.", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}.", 1)


def _fail(message: str, code: int) -> None:
    if os.environ.get("VSA_DEBUG") == "1" and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
