"""`vsa show`: an image with its regions and its sentences, each word in the colour of the region it is tied to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

    from vsa_toolkit.alignment.words import ImageAlignment
    from vsa_toolkit.pictures import Mark
    from vsa_toolkit.records import Sentence, SentenceAlignment


@click.command("show")
@click.argument("image")
@click.option(
    "--run", "run_id", type=shared.ROW, metavar="N", help="Which run (default: the newest on the image's split)."
)
@click.option("--out", metavar="FILE.png", type=click.Path(dir_okay=False), help="Default: IMAGE-runN.png, here.")
@click.option("--sentence", type=click.IntRange(min=1), metavar="K", help="Only the K-th sentence, counted from 1.")
@click.option(
    "--beta",
    type=shared.FiniteRange(min=0),
    default=0.0,
    show_default=True,
    help="MRF smoothing, as a multiple of the spread of the word-region scores.",
)
@click.option("--stop-words", is_flag=True, help="Show also where stretches of nothing but stop words went.")
@shared.dataset_option
@click.pass_context
def command(
    ctx: click.Context,
    image: str,
    run_id: int | None,
    out: str | None,
    sentence: int | None,
    beta: float,
    stop_words: bool,
    dataset: str | None,
) -> None:
    """Draw which region each word of an image's sentences is tied to. IMAGE is a key or an id.

    The picture goes to a PNG file, the words with their regions to the screen.

    \b
    Examples:
      vsa show 1141739219_2c47195e4c.jpg --run 3
      vsa show 42 --run 3 --sentence 1 --beta 0.5 --out dog.png
    """
    from dataclasses import replace
    from pathlib import Path

    from vsa_toolkit.alignment.words import read_image_alignment, without_idle_words

    store = shared.workspace(ctx).store
    run = store.read_run(run_id) if run_id is not None else None
    dataset = store.dataset_name(dataset or (run.dataset if run else None))
    found = store.find_image(dataset, image)
    run = run or store.newest_run(dataset, found.split or "")
    shown = _only(read_image_alignment(store, run, found, beta), sentence)
    if not stop_words:
        shown = replace(shown, alignments=tuple(without_idle_words(aligned) for aligned in shown.alignments))
    _print(shown)
    title = f"{found.key}  ·  {run.dataset}/{run.split}  ·  run {run.id}: {run.backend} on {run.region_set}"
    if beta:
        title += f"  ·  smoothed, beta {beta:g}"
    file = Path(out) if out else Path(f"{Path(found.key).stem}-run{run.id}.png")
    write_picture(file, shown, title)
    click.echo(f"{file} written")


def write_picture(file: Path, shown: ImageAlignment, title: str, note: str = "") -> None:
    """Draw an alignment to a file; the folder is made."""
    from vsa_toolkit.photos import open_photo
    from vsa_toolkit.pictures import draw_alignment

    photo = open_photo(shown.image.file)
    picture = draw_alignment(
        photo, shown.regions, shown.sentences, shown.alignments, frame=shown.image.frame, title=title, note=note
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file)


def _only(shown: ImageAlignment, number: int | None) -> ImageAlignment:
    from dataclasses import replace

    from vsa_toolkit.errors import UserError

    if not shown.sentences:
        raise UserError(f"image {shown.image.key} has no sentences: import some first.")
    if number is None:
        return shown
    if number > len(shown.sentences):
        raise UserError(
            f"image {shown.image.key} has {len(shown.sentences)} sentences: --sentence {number} is too far."
        )
    one = slice(number - 1, number)
    return replace(shown, sentences=shown.sentences[one], alignments=shown.alignments[one])


def _print(shown: ImageAlignment) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from vsa_toolkit.pictures import region_marks, strengths

    marks, limits = region_marks(shown.regions, shown.alignments), strengths(shown.alignments)
    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, title=shown.image.key, title_justify="left")
    for name in ("region", "box: x y width height", "words"):
        table.add_column(name, overflow="fold")
    for region in sorted((r for r in shown.regions if r.id in marks), key=lambda r: marks[r.id].number):
        mark = marks[region.id]
        name = "whole" if region.is_frame else f"{mark.number}{f' {region.label}' if region.label else ''}"
        words = "; ".join(
            _words_of(region.id, sentence, alignment)
            for sentence, alignment in zip(shown.sentences, shown.alignments)
            if any(word.region_id == region.id for word in alignment.words)
        )
        table.add_row(f"[{_hex(mark.colour)}]■[/] {name}", " ".join(f"{v:.0f}" for v in region.box), words)
    for sentence, alignment in zip(shown.sentences, shown.alignments):
        console.print(_coloured(sentence, alignment, marks, limits))
    console.print(table)


def _words_of(region_id: int, sentence: Sentence, alignment: SentenceAlignment) -> str:
    return " ".join(
        f"{sentence.text[word.start : word.end]} {word.score:.2f}"
        for word in alignment.words
        if word.region_id == region_id and word.score is not None
    )


def _coloured(
    sentence: Sentence, alignment: SentenceAlignment, marks: dict[int, Mark], limits: tuple[float, float]
) -> Text:
    """A sentence for the terminal: backgrounds as in the picture, words without a score dim."""
    from rich.text import Text

    from vsa_toolkit.pictures import ink_on, strength, tint

    text = Text(sentence.text, style="dim")
    for word in alignment.words:
        if word.region_id is not None and word.score is not None:
            fill = tint(marks[word.region_id].colour, strength(word.score, limits))
            text.stylize(f"not dim {_hex(ink_on(fill))} on {_hex(fill)}", word.start, word.end)
    return text


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
