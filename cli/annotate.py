"""`vsa annotate`: a page in the browser where people give phrases to boxes."""

from __future__ import annotations

from contextlib import suppress

import click

from . import options as shared


@click.command("annotate")
@shared.dataset_option
@click.option("--split", metavar="NAME", help="Only the images of one split (default: all).")
@click.option("--annotator", metavar="NAME", help="Who annotates (default: your login name).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="The port on 127.0.0.1; 0 takes a free one (default: 8807).",
)
@click.option("--no-browser", is_flag=True, help="Print the address, but do not open it.")
@click.pass_context
def command(
    ctx: click.Context,
    dataset: str | None,
    split: str | None,
    annotator: str | None,
    port: int | None,
    no_browser: bool,
) -> None:
    """Draw boxes on photos and say what is in them.

    Starts a server that this machine alone can reach, prints its address and opens it. The address lets one browser
    in. Each change is saved at once; the same command goes on where you stopped. Ctrl-C ends it.

    \b
    Example:
      vsa annotate --dataset flickr8k --split train --annotator ann
    """
    from vsa_toolkit.web.access import Access
    from vsa_toolkit.web.application import create_application
    from vsa_toolkit.web.desk import open_desk
    from vsa_toolkit.web.serving import listen, serve

    desk = open_desk(shared.workspace(ctx), dataset, split, annotator or _login_name())
    with listen(port) as listener, suppress(KeyboardInterrupt):  # Ctrl-C is the usual way to end it
        access = Access(listener.getsockname()[1], announce=_print_new_address)
        progress = desk.progress()
        click.echo(
            f"{desk.annotator} annotates {desk.dataset}: {progress['done']:,} of {progress['total']:,} images done. "
            "Open this address; Ctrl-C ends.",
            err=True,
        )
        click.echo(access.address)
        serve(create_application(desk, access), listener, None if no_browser else access.address)
    click.echo("ended; everything that the page called saved is in the database.", err=True)


def _login_name() -> str:
    import getpass

    from vsa_toolkit.errors import UserError

    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # no such user in the system's list, as in some containers
        raise UserError("this system has no login name for you: say who annotates with --annotator NAME.") from error


def _print_new_address(address: str) -> None:
    click.echo(f"the address was used already; a new one: {address}", err=True)
