"""The loss of VSE++ and of SCAN: of all wrong pairs in a batch only the hardest count, once training has begun."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge
from vsa_toolkit.training import Batch

from .ranking_options import RankingOptions


class HardNegativeOptions(RankingOptions):
    margin: float = Field(0.2, gt=0, description="α")
    first_loss: Literal["hinge", "contrastive"] = Field(
        "contrastive", description="over all wrong pairs, of the first epochs"
    )
    hardest_after: int | None = Field(
        6,
        ge=0,
        description="epochs before only the hardest wrong pairs count; none: the first loss to the end",
    )
    loss_sharpness: float = Field(20.0, gt=0, description="what scores are multiplied with in the contrastive loss")


def hard_negative_loss(scores: Tensor, batch: Batch, options: HardNegativeOptions) -> Tensor:
    """max_c' [α + s(i, c') − s(i, c)]₊ + max_i' [α + s(i', c) − s(i, c)]₊ (VSE++, eq. 6) of each pair.

    From a random start that collapses, so that the first epochs have another loss: the sum over all wrong pairs
    (eq. 5), or the symmetric cross-entropy, which learns faster. The latter is a mean over pairs, and eq. 6 after it
    is one too; after eq. 5 it is a sum, as in the released code, so that gradients do not jump.
    """
    if options.hardest_after is not None and batch.epoch >= options.hardest_after:
        mean = hardest(scores, batch.image_of, options.margin)
        return mean if options.first_loss == "contrastive" else mean * scores.shape[1]
    if options.first_loss == "contrastive":
        return contrastive(scores * options.loss_sharpness, batch.image_of)
    return hinge(scores, batch.image_of, options.margin)
