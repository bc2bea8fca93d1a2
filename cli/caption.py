"""`vsa caption`: describe anyone's photos, or boxes on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options as shared

if TYPE_CHECKING:
    from pathlib import Path

    from vsa_toolkit.photo_captions import PhotoCaptions
    from vsa_toolkit.records import Box


@click.command("caption")
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.option(
    "--boxes",
    metavar="X,Y,W,H",
    multiple=True,
    help="Describe this box of the photo (pixels, from the top left) instead of all of it; may be repeated.",
)
@click.option(
    "--checkpoint", type=shared.ROW, metavar="N", help="Take this checkpoint (default: the newest that describes)."
)
@click.option("--out", metavar="FILE", help="Draw photo and captions to a png or jpg; a folder for several photos.")
@shared.decoding_options
@shared.device_option
@click.option("--seed", type=shared.SEED, default=0, show_default=True, help="Seed of sampling (--temperature).")
@shared.format_option
@click.pass_context
def command(
    ctx: click.Context,
    photos: tuple[str, ...],
    boxes: tuple[str, ...],
    checkpoint: int | None,
    out: str | None,
    beam: int,
    length_normalisation: float,
    max_words: int,
    temperature: float | None,
    device: str,
    seed: int,
    output: str,
) -> None:
    """Describe photos that need not be imported. The checkpoint is one of this workspace's.

    A photo that cannot be read is named and left out; the command then ends with 1.

    \b
    Examples:
      vsa caption holiday.jpg
      vsa caption holiday.jpg --boxes 40,60,200,180 --boxes 300,20,90,120 --out described.png
      vsa caption *.jpg --beam 3 --length-normalisation 0.7 --format json
    """
    from pathlib import Path

    from vsa_toolkit.compute import Compute
    from vsa_toolkit.decoding import Decoding
    from vsa_toolkit.errors import DataError, VsaError
    from vsa_toolkit.photo_captions import PhotoDescriber, newest_describer

    from .output import print_rows

    asked = [_box(text) for text in boxes]
    targets = _targets([Path(photo) for photo in photos], bool(asked), out)
    how = Decoding(beam, length_normalisation, max_words, temperature)
    store = shared.workspace(ctx).store
    found = newest_describer(store.list_checkpoints()) if checkpoint is None else store.read_checkpoint(checkpoint)
    by = f"checkpoint {found.id}: {found.backend} on {found.dataset}, {found.encoder}"
    click.echo(by, err=True)
    describer = PhotoDescriber(found, store.folder, Compute(device=device, seed=seed))
    rows: list[dict[str, Any]] = []
    left_out = 0
    for photo, target in targets:
        try:
            made = describer.captions(photo, asked, how)
        except DataError as error:
            if len(targets) == 1:
                raise
            click.echo(f"left out: {error}", err=True)
            left_out += 1
            continue
        rows += _rows(made)
        if target is not None:
            _write(made, target, by)
    print_rows(rows, output, empty="no photo was described")
    if left_out:
        raise VsaError(f"{left_out} of {len(targets)} photos were left out, for the reasons above.")


def _rows(made: PhotoCaptions) -> list[dict[str, Any]]:
    return [
        {
            "photo": made.file.name,
            "box": "" if box is None else ",".join(f"{value:g}" for value in box),
            "caption": said.text,
            "log_probability": None if said.log_probability is None else round(said.log_probability, 3),
        }
        for box, said in made.said
    ]


def _write(made: PhotoCaptions, target: Path, by: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    made.picture(title=f"{made.file.name}  ·  {by}").save(target)
    click.echo(f"{target} written", err=True)


def _targets(photos: list[Path], boxes: bool, out: str | None) -> list[tuple[Path, Path | None]]:
    """Each photo with the file that its picture goes to."""
    from pathlib import Path

    from vsa_toolkit.errors import UserError

    if boxes and len(photos) > 1:
        raise UserError(f"--boxes are of one photo, and {len(photos)} are given.")
    if out is None:
        return [(photo, None) for photo in photos]
    target = Path(out)
    if len(photos) == 1:
        if target.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise UserError(f"--out {out}: a picture is a .png or a .jpg.")
        if target.exists() and target.samefile(photos[0]):
            raise UserError(f"--out {out} is the photo itself: name another file.")
        return [(photos[0], target)]
    if target.suffix or target.is_file():
        raise UserError(f"--out {out}: {len(photos)} photos need a folder, not one file.")
    files = [target / f"{photo.stem}-caption.png" for photo in photos]
    if len(set(files)) < len(files):
        raise UserError("two of the photos have the same name: describe them one by one.")
    if over := {file.resolve() for file in files} & {photo.resolve() for photo in photos}:
        raise UserError(f"--out {out}: {min(over).name} is itself one of the photos: name another folder.")
    return list(zip(photos, files, strict=True))


def _box(text: str) -> Box:
    from vsa_toolkit.errors import UserError

    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"--boxes {text!r}: four numbers are needed, x,y,width,height in pixels.") from error
    return (x, y, width, height)
