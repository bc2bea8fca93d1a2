"""`vsa annotate`: a page in the browser where people give phrases to boxes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.web.access import Access
    from vsa_toolkit.web.office import Office


@click.command("annotate")
@shared.dataset_option
@click.option("--campaign", metavar="NAME", help="Which campaign (default: one where everybody gets every image).")
@click.option("--split", metavar="NAME", help="Only the images of one split (default: all of the campaign).")
@click.option("--annotator", metavar="NAME", help="Who annotates on this machine (default: your login name).")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="The port; 0 takes a free one (default: 8807)."
)
@click.option(
    "--host", metavar="ADDRESS", help="For a team: listen at this address (0.0.0.0: all). People need accounts."
)
@click.option(
    "--public", metavar="URL", help="With --host: the address that people type (default: http://ADDRESS:PORT)."
)
@click.option("--certificate", metavar="FILE", type=click.Path(dir_okay=False), help="With --host: serve https.")
@click.option("--key", metavar="FILE", type=click.Path(dir_okay=False), help="The certificate's private key.")
@click.option("--no-browser", is_flag=True, help="Print the address, but do not open it.")
@click.pass_context
def command(
    ctx: click.Context,
    dataset: str | None,
    campaign: str | None,
    split: str | None,
    annotator: str | None,
    port: int | None,
    host: str | None,
    public: str | None,
    certificate: str | None,
    key: str | None,
    no_browser: bool,
) -> None:
    """Draw boxes on photos and say what is in them.

    Starts a server that this machine alone can reach, prints its address and opens it. The address lets one browser
    in. Each change is saved at once; the same command goes on where you stopped. Ctrl-C ends it.

    With --host a team works together: `vsa annotators add NAME` prints a link for each of them.

    \b
    Examples:
      vsa annotate --dataset flickr8k --split train --annotator ann
      vsa annotate --campaign pilot --host 0.0.0.0 --public http://lab.example:8807
    """
    from vsa_toolkit.web.office import open_office

    if host is None and (public or certificate or key):
        raise click.UsageError("--public, --certificate and --key go with --host.")
    if host is not None and annotator is not None:
        raise click.UsageError("--annotator is for this machine; with --host everybody comes with their own link.")
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key go together.")
    office = open_office(shared.workspace(ctx), dataset, campaign, split)
    if host is None:
        _serve_here(office, annotator or login_name("--annotator NAME"), port, no_browser)
    else:
        _serve_team(office, host, port, public, (certificate, key) if certificate and key else None)
    click.echo("ended; everything that the page called saved is in the database.", err=True)


def _serve_here(office: Office, annotator: str, port: int | None, no_browser: bool) -> None:
    from vsa_toolkit.db.people import annotator as noted
    from vsa_toolkit.web.access import Access
    from vsa_toolkit.web.serving import listen

    person = noted(office.workspace.database, annotator)
    with listen(port) as listener, suppress(KeyboardInterrupt):  # Ctrl-C is the usual way to end it
        access = Access.here(office.workspace.database, listener.getsockname()[1], person, _print_new_address)
        progress = office.desk(person).progress()
        click.echo(
            f"{person.name} annotates {office.dataset}: {progress['done']:,} of {progress['total']:,} images done. "
            "Open this address; Ctrl-C ends.",
            err=True,
        )
        _run(office, access, listener, None if no_browser else access.address)


def _serve_team(
    office: Office, host: str, port: int | None, public: str | None, certificate: tuple[str, str] | None
) -> None:
    from vsa_toolkit.db.people import list_annotators
    from vsa_toolkit.errors import UserError
    from vsa_toolkit.web.access import Access
    from vsa_toolkit.web.serving import listen, site_for

    if not list_annotators(office.workspace.database):
        raise UserError("nobody has an account yet: `vsa annotators add NAME --role owner` prints the first link.")
    with listen(port, host) as listener, suppress(KeyboardInterrupt):
        site = site_for(host, listener.getsockname()[1], public, secure=certificate is not None)
        click.echo(
            f"campaign {office.campaign.name!r} of {office.dataset}. People come with the links of `vsa annotators add`"
            f" (--public {site.origin}); Ctrl-C ends.",
            err=True,
        )
        if not site.secure:
            click.echo(
                "this is plain http: who can listen in on the network can take a session. Use --certificate, or a "
                "proxy with https and --public https://…",
                err=True,
            )
        access = Access.for_team(office.workspace.database, site)
        _run(office, access, listener, None, certificate)


def _run(
    office: Office, access: Access, listener: object, address: str | None, certificate: tuple[str, str] | None = None
) -> None:
    from vsa_toolkit.web.application import create_application
    from vsa_toolkit.web.serving import serve

    application = create_application(office, access)
    click.echo(access.address)  # when all is loaded: Ctrl-C amid an import may come out as another error
    serve(application, listener, address, certificate)  # type: ignore[arg-type]


def login_name(option: str) -> str:
    """Who is at the terminal; `option` says it otherwise."""
    import getpass

    from vsa_toolkit.errors import UserError

    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # no such user in the system's list, as in some containers
        raise UserError(f"this system has no login name for you: say who you are with {option}.") from error


def _print_new_address(address: str) -> None:
    click.echo(f"the address was used already; a new one: {address}", err=True)
