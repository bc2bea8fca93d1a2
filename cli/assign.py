"""`vsa assign`: images kept for one annotator by name."""

from __future__ import annotations

import click

from . import options as shared


@click.command("assign")
@click.argument("annotator")
@click.argument("images", metavar="[IMAGE]…", nargs=-1)
@shared.dataset_option
@click.option("--campaign", metavar="NAME", required=True, help="Of which campaign.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="The next N images that still need people.")
@click.option("--split", metavar="NAME", help="With --count: only images of one split.")
@click.option("--release", is_flag=True, help="Instead: give back all that the annotator holds and has not submitted.")
@click.pass_context
def command(
    ctx: click.Context, annotator: str, images: tuple[str, ...], dataset: str | None, campaign: str, count: int | None,
    split: str | None, release: bool,
) -> None:  # fmt: skip
    """Keep images for one annotator, until they are done or released.

    Without it the queue hands them out by itself. Images are named by key or number. An image that already has as many
    people as the campaign asks for is left out, and named.

    \b
    Examples:
      vsa assign ann --campaign pilot --count 50
      vsa assign ben 1000268201_693b08cb0e 1001773457_577c3a7d70 --campaign pilot
      vsa assign ann --campaign pilot --release
    """
    from vsa_toolkit.db import assigning
    from vsa_toolkit.db.campaigns import find_campaign
    from vsa_toolkit.db.people import find_annotator

    if sum((bool(images), count is not None, release)) != 1:
        raise click.UsageError("name images, or say --count N, or --release.")
    opened = shared.workspace(ctx)
    chosen = find_campaign(opened.database, opened.store.dataset_name(dataset), campaign)
    person = find_annotator(opened.database, annotator)
    if release:
        returned = assigning.release(opened.database, chosen, person.id)
        click.echo(f"{_images(returned)} of {person.name} back in the queue")
        return
    if count is not None:
        ids = assigning.free_images(opened.database, chosen, person.id, count, split)
    else:
        ids = [opened.store.find_image(chosen.dataset, key).id for key in images]
    given, refused = assigning.assign(opened.database, chosen, person.id, ids)
    click.echo(f"{_images(given)} kept for {person.name}")
    if refused:
        names = ", ".join(map(str, refused[:10])) + (" …" if len(refused) > 10 else "")
        click.echo(f"{_images(len(refused))} left out, with others already: {names}", err=True)
    if count is not None and len(ids) < count:
        click.echo(f"no more than {_images(len(ids))} still needed people", err=True)


def _images(count: int) -> str:
    return f"{count:,} {'image' if count == 1 else 'images'}"
