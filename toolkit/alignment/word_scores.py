"""The score of each word of a sentence with each region of the sentence's own image: what alignments are made from."""

from __future__ import annotations

import torch
from torch import Tensor

from ..backend import Fragments
from ..errors import DataError
from .scoring import Array, as_counts


@torch.no_grad()
def word_region_scores(
    regions: Array,
    fragments: Fragments,
    sentence_image: Array,
    token_counts: Array,
    region_counts: Array | None = None,
) -> Tensor:
    """The score of each word with each region of its sentence's own image.

    regions: (images, R, d). fragments: of the sentences, in order. sentence_image: (sentences,), the row of each
    sentence's image. token_counts: (sentences,), tokens of each sentence, with or without a fragment.
    region_counts: (images,), as for `score_matrix`.

    Returns (tokens, R) float32, the sum over the fragments of a token (fragments of the whole sentence, token −1, are
    left out); NaN beyond the image's regions and in the rows of tokens without a fragment.
    """
    regions = torch.as_tensor(regions)
    device = regions.device
    counts = as_counts(regions, region_counts)
    lengths = fragments.lengths.to("cpu", torch.int64)
    token_counts = torch.as_tensor(token_counts).to("cpu", torch.int64)
    sentence_image = torch.as_tensor(sentence_image).to("cpu", torch.int64)
    token_index = fragments.token_index.to("cpu", torch.int64)
    _check_words(regions, fragments, lengths, sentence_image, token_counts, token_index)

    sentence = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    tied = torch.nonzero(token_index >= 0).flatten()
    by_image = tied[torch.argsort(sentence_image[sentence[tied]], stable=True)]
    image = sentence_image[sentence[by_image]]
    token = (torch.cumsum(token_counts, 0) - token_counts)[sentence[by_image]] + token_index[by_image]

    scores = torch.zeros(int(token_counts.sum()), regions.shape[1], device=device)
    own, sizes = torch.unique_consecutive(image, return_counts=True)
    for row, members, tokens in zip(
        own.tolist(), torch.split(by_image, sizes.tolist()), torch.split(token, sizes.tolist()), strict=True
    ):
        vectors = fragments.vectors[members.to(fragments.vectors.device)].to(device, torch.float32)
        scores.index_add_(0, tokens.to(device), vectors @ regions[row].to(torch.float32).T)

    unscored = torch.ones(len(scores), dtype=torch.bool)
    unscored[token] = False
    token_image = torch.repeat_interleave(sentence_image, token_counts)
    beyond = torch.arange(regions.shape[1]) >= counts[token_image][:, None]
    return scores.masked_fill_((beyond | unscored[:, None]).to(device), torch.nan)


def _check_words(
    regions: Tensor,
    fragments: Fragments,
    lengths: Tensor,
    sentence_image: Tensor,
    token_counts: Tensor,
    token_index: Tensor,
) -> None:
    if not len(lengths) == len(sentence_image) == len(token_counts):
        raise DataError(
            f"{len(lengths)} sentences have fragments, {len(sentence_image)} an image, {len(token_counts)} tokens: "
            "these must be one number."
        )
    if not int(lengths.sum()) == len(fragments.vectors) == len(token_index):
        raise DataError(
            f"lengths add up to {int(lengths.sum())} fragments, but there are {len(fragments.vectors)} vectors "
            f"and {len(token_index)} token numbers."
        )
    if len(sentence_image) and not 0 <= int(sentence_image.min()) <= int(sentence_image.max()) < len(regions):
        raise DataError(f"sentence_image names rows outside the {len(regions)} images.")
    wrong = torch.nonzero(token_index >= torch.repeat_interleave(token_counts, lengths)).flatten()
    if len(wrong):
        raise DataError(f"fragment {int(wrong[0])} belongs to token {int(token_index[wrong[0]])}, beyond its sentence.")
