"""What a run may make, by what its backend can do."""

from __future__ import annotations

from collections.abc import Sequence

from .backend import Backend, LateFusion, abilities
from .captioning import Describe, can_describe
from .errors import UserError

PRODUCTS = ("scores", "alignments", "captions")


def choose_products(backend: Backend, asked: Sequence[str] | None, describe: Describe) -> list[str]:
    """What was asked for; with None all that the backend makes at little cost. A language model whose every state sees
    the image makes scores only where they are asked for.

    Raises:
        UserError: nothing, an unknown product, or one that the backend does not make, or not of regions.
    """
    scores = ranks(backend)
    can = {
        "scores": scores or "language-model" in abilities(type(backend)),
        "alignments": scores,
        "captions": can_describe(type(backend)),
    }
    possible = [product for product in PRODUCTS if can[product]]
    if describe.on != "frames" and not can["captions"]:
        raise UserError(f"--on {describe.on} is for captions, and backend {backend.name!r} makes none.")
    if asked is not None and not asked:
        raise UserError(f"--produce names nothing: {','.join(possible)} is possible.")
    if asked is None:
        if can["captions"] and (describe.on != "frames" or not (scores or isinstance(backend, LateFusion))):
            return ["captions"]
        return possible
    for product in asked:
        if product not in PRODUCTS:
            raise UserError(f"--produce knows {', '.join(PRODUCTS)}, not {product!r}.")
        if not can[product]:
            raise UserError(f"backend {backend.name!r} makes no {product}: --produce {','.join(possible)} is possible.")
    if describe.on != "frames" and set(asked) != {"captions"}:
        raise UserError(f"--on {describe.on} is for captions alone: --produce captions.")
    return list(dict.fromkeys(asked))


def ranks(backend: Backend) -> bool:
    """Whether it scores images against sentences by itself."""
    return bool({"aligner", "dual-encoder", "ranker"} & set(abilities(type(backend))))
