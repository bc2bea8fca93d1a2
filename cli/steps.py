"""Commands that run commands: each step is printed as one would type it, and then run."""

from __future__ import annotations

import shlex
import time

import click


def run_step(says: str, command: str, done: bool = False) -> None:
    """Print `vsa …` under what it is for and run it in the workspace of the current folder, or say it was done."""
    from . import root

    if says:
        click.secho(f"\n{says}", bold=True)
    click.echo(f"$ {command}" + ("   # done before" if done else ""))
    if done:
        return
    words = shlex.split(command)[1:]
    # The workspace that these steps made, whatever VSA_WORKSPACE says.
    inside = [] if words[0] == "init" else ["--workspace", "."]
    start = time.monotonic()
    root.main(args=[*inside, *words], prog_name="vsa", standalone_mode=False)
    click.secho(f"({time.monotonic() - start:.0f} s)", dim=True)
