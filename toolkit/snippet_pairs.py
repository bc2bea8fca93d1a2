"""What an alignment run inferred as training data: regions, each with the snippets that were tied to it.

Generators of region descriptions learn from these pairs (Karpathy and Li 2015, section 3.2); nobody drew a box for
them. One photo in twenty is held out to choose by: its snippets are as the others', inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from .backend import Examples
from .errors import DataError, UserError
from .records import Image, Region, RunInfo, Snippet, Split
from .store import Store
from .text import words

HELD_OUT = 20


@dataclass(frozen=True)
class SnippetPairs:
    """split: the split that the run aligned, with those of its regions only that a snippet was tied to, and no
    sentences. snippets: of these regions. The rows of its `Examples` are regions, in the order of the split."""

    split: Split
    snippets: Sequence[Snippet]

    def examples(self, of_images: Examples) -> Examples:
        """of_images: the split as images with their regions → one row a region, its sentences the snippets."""
        region = torch.arange(of_images.features.shape[1])[None, :] < of_images.counts[:, None]
        row_of = {r.id: row for row, r in enumerate(self.split.regions)}
        return Examples(
            of_images.features[region][:, None],
            torch.ones(int(region.sum()), dtype=torch.int64),
            of_images.layout,
            [words(snippet.text) for snippet in self.snippets],
            torch.tensor([row_of[snippet.region_id] for snippet in self.snippets], dtype=torch.int64),
        )


def read_pairs(store: Store, run_id: int) -> tuple[SnippetPairs, SnippetPairs]:
    """The pairs of a finished run: those to learn from, and those of every twentieth photo, to choose by.

    Raises:
        UserError: the run is not finished, or aligned nothing.
        DataError: its split has changed since; too few photos.
    """
    run = store.read_run(run_id)
    snippets = store.read_snippets(run_id) if run.state == "finished" else []
    if not snippets:
        why = "aligned nothing" if run.state == "finished" else f"is {run.state}"
        raise UserError(
            f"run {run_id} {why}: pairs come from a finished run that aligned the training split"
            " (vsa run --backend brnn --split train --produce alignments)."
        )
    split = store.read_split(run.dataset, run.split, run.region_set)
    _refuse_changed(run, split)
    held = {image.id for image in split.images[HELD_OUT - 1 :: HELD_OUT]}
    if not held:
        raise DataError(f"run {run_id} aligned {len(split.images)} photos: at least {HELD_OUT} are needed.")
    image_of = {region.id: region.image_id for region in split.regions}
    return (
        _pairs(split, [s for s in snippets if image_of[s.region_id] not in held]),
        _pairs(split, [s for s in snippets if image_of[s.region_id] in held]),
    )


def _pairs(split: Split, snippets: Sequence[Snippet]) -> SnippetPairs:
    tied = {snippet.region_id for snippet in snippets}
    regions: list[Region] = [region for region in split.regions if region.id in tied]
    shown = {region.image_id for region in regions}
    images: list[Image] = [image for image in split.images if image.id in shown]
    return SnippetPairs(replace(split, images=images, regions=regions, sentences=(), groundings=()), snippets)


def _refuse_changed(run: RunInfo, split: Split) -> None:
    known = run.provenance.get("fingerprint")
    if known is not None and known != split.fingerprint:
        raise DataError(f"the {split.name} split has changed since run {run.id} aligned it: run it again.")
