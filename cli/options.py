"""The options that commands share, and the workspace that they act on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from vsa_toolkit.db.workspace import Workspace
    from vsa_toolkit.encoder_choice import EncoderChoice

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

LARGEST = 2**63 - 1
"""The largest whole number that a database, torch and NumPy take."""

SEED = click.IntRange(0, LARGEST)

FORMATS = ("rich", "markdown", "latex", "csv", "json")


class RowNumber(click.types.IntParamType):
    """The number of a run, a checkpoint or a phrase."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        if not 0 < number <= LARGEST:
            self.fail(f"nothing can have the number {number}: numbers go from 1 to {LARGEST}.", param, ctx)
        return number


ROW = RowNumber()


class FiniteRange(click.FloatRange):
    """Numbers of a range; nan is in every range of click's."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number that counts.", param, ctx)
        return number


dataset_option: Decorator = click.option("--dataset", metavar="NAME", help="Which dataset, where there are several.")
regions_option: Decorator = click.option(
    "--regions", "region_set", metavar="SET", help="Which region set (default: the newest that a proposer made)."
)
device_option: Decorator = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where to compute."
)
dtype_option: Decorator = click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Of matrix products in training; auto: the backend's choice for this device.",
)
batch_size_option: Decorator = click.option(
    "--batch-size",
    type=click.IntRange(1, 1_000_000),
    default=32,
    show_default=True,
    help="How many images at a time.",
)
seed_option: Decorator = click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of all randomness.")
format_option: Decorator = click.option(
    "--format", "output", type=click.Choice(FORMATS), default="rich", show_default=True, help="How to print."
)
plugin_options: Decorator = click.option(
    "-o", "pairs", metavar="NAME=VALUE", multiple=True, help="An option of the plugin; may be repeated."
)
options_file: Decorator = click.option(
    "--options",
    "file",
    metavar="FILE.toml",
    type=click.Path(dir_okay=False),
    help="Options of the plugin, from a file.",
)


def encoder_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--encoder`, `--mode`, `--encoder-dtype`, `-e name=value`: where features come from."""
    for option in (
        click.option("-e", "encoder_pairs", metavar="NAME=VALUE", multiple=True, help="An option of the encoder."),
        click.option(
            "--encoder-dtype",
            type=click.Choice(["float32", "float16", "bfloat16"]),
            default="float32",
            show_default=True,
            help="Type in which the encoder computes; halves are for GPUs.",
        ),
        click.option(
            "--mode",
            type=click.Choice(["roi-align", "crop"]),
            default="roi-align",
            show_default=True,
            help="Pool regions from the photo's feature map, or run the encoder on each region cut out, as R-CNN does.",
        ),
        click.option(
            "--encoder",
            default="efficientnet-lite0",
            show_default=True,
            metavar="NAME",
            help="What turns pixels into vectors (vsa plugins list).",
        ),
    ):
        command = option(command)
    return command


def decoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--beam`, `--length-normalisation`, `--max-words`, `--temperature`: how sentences are chosen."""
    for option in (
        click.option(
            "--temperature",
            type=FiniteRange(min=0.01, max=100),
            help="Draw each word by its probability, from logits divided by this, instead of searching.",
        ),
        click.option(
            "--max-words", type=click.IntRange(1, 1000), default=20, show_default=True, help="Longest caption."
        ),
        click.option(
            "--length-normalisation",
            type=FiniteRange(min=0, max=10),
            default=0.0,
            show_default=True,
            help="Compare log-probabilities divided by the number of words to this power; 0 favours short captions.",
        ),
        click.option(
            "--beam",
            type=click.IntRange(1, 1000),
            default=7,
            show_default=True,
            help="How many sentences the search keeps; 1 takes the likeliest word each time.",
        ),
    ):
        command = option(command)
    return command


def encoder_choice(name: str, mode: str, pairs: tuple[str, ...], dtype: str = "float32") -> EncoderChoice:
    """The encoder that these options name."""
    from vsa_toolkit.encoder_choice import EncoderChoice
    from vsa_toolkit.errors import UserError

    options = {}
    for pair in pairs:
        option, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"-e {pair!r} must have the form name=value.")
        options[option] = value
    return EncoderChoice(name, options, mode, dtype)


def stated(ctx: click.Context, *names: str) -> bool:
    """Whether one of these parameters was given, even if as its default."""
    return any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in names)


def workspace(ctx: click.Context) -> Workspace:
    """The workspace of this command: `--workspace`, `VSA_WORKSPACE`, or found upwards from the current folder."""
    from vsa_toolkit.db.workspace import open_workspace

    opened = open_workspace(ctx.find_root().obj)
    ctx.call_on_close(opened.close)
    return opened
