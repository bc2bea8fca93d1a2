"""DeFrag (Karpathy, Joulin and Li, "Deep Fragment Embeddings for Bidirectional Image Sentence Mapping", NIPS 2014).

    s_j  = f(W_R [w_1; w_2] + b_R)                                  fragments: dependency edges (section 3.1)
    v_i  = W_m CNN(I_i) + b_m                                       (section 3.2)
    C_F  = Σ_i Σ_j κ_ij max(0, 1 − y_ij v_i · s_j)                  fragment alignment (section 3.3.1), y by MIL at last
    S_kl = 1 / (|g_l| + n) Σ_j Σ_i max(0, v_i · s_j)                the score of image k and sentence l (section 3.3.2)
    C_G  = Σ_k [Σ_l max(0, S_kl − S_kk + Δ) + Σ_l max(0, S_lk − S_kk + Δ)]
    C    = C_F + γ C_G

It is the model of `deptree` with another cost and a sum of positive parts where that has a maximum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor

from vsa_toolkit.backend import Backend
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.precision import products
from vsa_toolkit.training import Batch

from .brnn.fragment_cost import fragment_cost
from .brnn.network import BrnnNetwork, Design, region_products
from .brnn.objective import Objective
from .deptree import Deptree, DeptreeOptions


class DefragOptions(DeptreeOptions):
    """Those of `deptree`, and the two costs'.

    `preset=paper`: the numbers of the released parameter file (h 1000, Δ 40, γ .5, n 10, rate 1e-5, momentum .9, L2
    2e-10, 100 pairs, 20 epochs, MIL after 15 of them) with the paper's score: that file adds up each fragment's
    maximum, without a threshold, as `deptree` does. Its word vectors were frozen (200-d, of Huang et al. 2012); ours
    are 300-d and learned.
    """

    PAPER: ClassVar[dict[str, Any]] = {
        **DeptreeOptions.PAPER,
        "smoothing": 10.0,
        "length_power": 1.0,
        "margin": 40.0,
        "fragment_weight": 1.0,
        "fragment_margin": 1.0,
        "ranking_weight": 0.5,
        "summed": True,
        "rate": 1e-5,
        "decay": 2e-10,
        "schedule": "constant",
        "clip_value": None,
        "dropout": 0.0,
        "word_dropout": 0.0,
        "epochs": 20,
    }

    smoothing: float = Field(10.0, ge=0, description="n in the score's normalisation")
    fragment_weight: float = Field(3.0, ge=0, description="of the fragment alignment cost")
    fragment_margin: float = Field(0.1, gt=0, description="of its hinge; 1 where vectors are not normalised")
    ranking_weight: float = Field(1.0, ge=0, description="γ, of the ranking")
    summed: bool = Field(False, description="sum the fragment cost over the batch as the paper does; else its mean")
    instances_after: float = Field(0.75, ge=0, le=1, description="MIL begins after this share of the epochs")


class Defrag(Deptree):
    """Dependency edges against regions: each is to fit its photo's regions, and no region of other photos."""

    name = "defrag"
    paper = "Karpathy, Joulin and Li, Deep Fragment Embeddings for Bidirectional Image Sentence Mapping, NIPS 2014"
    Options: ClassVar[type[BaseOptions]] = DefragOptions

    @property
    def design(self) -> Design:
        return Design(self._relations, "thresholded_sum", cast(DefragOptions, self.options).smoothing)

    def _objective(self, network: BrnnNetwork) -> Objective:
        return _BothCosts(network, self.choices, self.encode, self._inputs, self._dtype)


@dataclass(frozen=True)
class _BothCosts(Objective):
    """C_F + γ C_G"""

    def __call__(self, batch: Batch, generator: torch.Generator) -> Tensor:
        options = cast(DefragOptions, self.options)
        words = self.encode(batch.sentences)
        with products(self.dtype, batch.features.device):
            regions, counts, sentences = self.embed(batch, words, generator)
            found = region_products(sentences.local.to(self.dtype), regions.local, counts)
            local, whole = self.network.sum(found.relu().sum(dim=2).float(), regions, sentences)
        instances = batch.epoch >= options.instances_after * options.epochs
        scored = words.scored
        image_of = batch.image_of[words.sentence[scored]]
        cost = fragment_cost(found, sentences.rows[scored], image_of, counts, instances, options.fragment_margin)
        fragments = cost.sum() if options.summed else cost.mean()
        return options.fragment_weight * fragments + options.ranking_weight * self.ranking(local, whole, batch)


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Defrag)
