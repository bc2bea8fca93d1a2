"""`vsa annotators`: accounts and the links that let people in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.db.engine import Database

ROLES = ("annotator", "reviewer", "owner")
role_option: shared.Decorator = click.option(
    "--role",
    type=click.Choice(ROLES),
    default="annotator",
    show_default=True,
    help="Annotators write; reviewers also accept, reject and adjudicate; owners may do everything.",
)
days_option: shared.Decorator = click.option(
    "--days", type=shared.FiniteRange(min=0.01), default=14.0, show_default=True, help="How long the link works."
)
public_option: shared.Decorator = click.option(
    "--public",
    metavar="URL",
    envvar="VSA_PUBLIC",
    show_envvar=True,
    help="The address of `vsa annotate --host` (default: http://THIS-MACHINE:8807).",
)


@click.group("annotators")
def command() -> None:
    """People who annotate together, each with an account.

    `vsa annotate --host` lets them in with the links that `add` and `invite` print. A link works once, in one browser;
    it is shown once, since only its sha256 is kept.

    \b
    Examples:
      vsa annotators add ann
      vsa annotators add rita --role reviewer --public https://annotate.lab.example
      vsa annotators invite ann            a new link: another browser, a session that ended
      vsa annotators remove ann            ends her sessions; her open images go back to the queue
    """


@command.command("add")
@click.argument("name")
@role_option
@days_option
@public_option
@click.pass_context
def add(ctx: click.Context, name: str, role: str, days: float, public: str | None) -> None:
    """Add an annotator, and print an invitation link."""
    from vsa_toolkit.db.people import add_annotator

    database = shared.workspace(ctx).database
    person = add_annotator(database, name, role)
    click.echo(f"{person.name} is {_with_article(role)}. Send this link; it works once, for {days:g} days:", err=True)
    click.echo(_link(database, person.name, days, public))


@command.command("invite")
@click.argument("name")
@days_option
@public_option
@click.pass_context
def invite(ctx: click.Context, name: str, days: float, public: str | None) -> None:
    """Print a new invitation link for an annotator, also for one who had left."""
    click.echo(_link(shared.workspace(ctx).database, name, days, public))


@command.command("list")
@shared.format_option
@click.pass_context
def list_(ctx: click.Context, output: str) -> None:
    """All annotators: role, whether they have come in, images submitted, phrases, last seen."""
    from vsa_toolkit.db.people import list_annotators

    from .output import print_rows

    print_rows(list_annotators(shared.workspace(ctx).database), output, empty="nobody yet: vsa annotators add NAME")


@command.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@click.pass_context
def role(ctx: click.Context, name: str, role: str) -> None:
    """Give an annotator another role."""
    from vsa_toolkit.db.people import set_role

    person = set_role(shared.workspace(ctx).database, name, role)
    click.echo(f"{person.name} is {_with_article(person.role)} now")


@command.command("remove")
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Let an annotator in no more. What they wrote stays; images that they had not submitted go back to the queue."""
    from vsa_toolkit.db.people import leave

    returned = leave(shared.workspace(ctx).database, name)
    click.echo(f"{name} has left; {returned:,} {'image goes' if returned == 1 else 'images go'} back to the queue")


def _link(database: Database, name: str, days: float, public: str | None) -> str:
    from vsa_toolkit.db.people import invite as invited
    from vsa_toolkit.web.serving import usual_origin

    origin = usual_origin(public)
    return f"{origin}/join#{invited(database, name, days)}"


def _with_article(role: str) -> str:
    return f"{'a' if role == 'reviewer' else 'an'} {role}"
