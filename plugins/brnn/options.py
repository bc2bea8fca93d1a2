"""The choices of the brnn backend, and the two presets that fill them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ..ranking_options import RankingOptions


class BrnnOptions(RankingOptions):
    """`preset` fills everything that is not stated; the defaults below are those of `modern`."""

    PAPER: ClassVar[dict[str, Any]] = {
        "dimension": 1000,
        "hidden": 300,
        "word_dimension": 300,
        "bottleneck": 0,
        "initial_gain": 0.3,
        "recurrence": "relu",
        "words_on_frame": True,
        "last_relu": True,
        "normalise": False,
        "class_words": False,
        "votes": False,
        "salience": False,
        "word_weights": False,
        "length_power": 0.0,
        "global_fragment": False,
        "calibrate": False,
        "labels": False,
        "geometry": False,
        "loss": "hinge",
        "margin": 1.0,
        "optimiser": "sgd",
        "rate": 3e-5,
        "momentum": 0.9,
        "decay": 1e-6,
        "schedule": "cosine",
        "warmup": 0,
        "clip_value": 5.0,
        "clip_norm": None,
        "average": 0.0,
        "images": 100,
        "sentences": 1,
        "dropout": 0.2,
        "word_dropout": 0.2,
        "region_dropout": 0.0,
        "epochs": 40,
    }
    """Karpathy and Li 2015, sections 3.1 and 4 (a minibatch of 100 pairs, momentum .9, clip at 5, dropout everywhere
    but in the recurrence). Rate, decay and first weights were never published; these are our own, chosen on a
    validation split.

    The summed hinge has 20,000 terms, so that nearly every element of the gradient is clipped: it descends by signs, in
    steps of 5 · rate. On standardised features a rate of 3e-4 destroys the model in the first epoch, 1e-5 to 1e-4 learn
    alike. Scores are not normalised: first weights as large as `modern` has them start at twice the loss of a blank.
    """

    preset: Literal["modern", "paper"] = Field(
        "modern", description="what fills all that is not stated: our own choices, or those of the paper"
    )

    # What goes in
    labels: bool = Field(True, description="give the network the proposer's class scores of a region")
    geometry: bool = Field(True, description="give the network a region's place and size")
    words_on_frame: bool = Field(
        False, description="a word may be tied to the whole photo; else the frame is where words go that fit no region"
    )
    frame_only: bool = Field(
        False, description="ablation: the whole photo is the only region, and words are tied to it"
    )
    shuffle_regions: bool = Field(False, description="control: the regions beside the frame are those of another photo")

    # The network
    dimension: int = Field(512, ge=1, description="h, the length of region and word vectors")
    bottleneck: int = Field(1024, ge=0, description="hidden units of a second, non-linear path for regions; 0: linear")
    word_dimension: int = Field(0, ge=0, description="length of the word vectors x_t; 0: they are the s_t themselves")
    recurrence: Literal["none", "relu", "gru", "lstm"] = Field(
        "none", description="the network that runs over the words, both ways"
    )
    hidden: int = Field(512, ge=1, description="length of the recurrent states, each direction")
    last_relu: bool = Field(False, description="s_t = f(…) as in the paper; its vectors are then never negative")
    normalise: bool = Field(True, description="unit vectors; their products become cosines")
    class_words: bool = Field(True, description="a region's class is also known by the words of its name (with labels)")
    votes: bool = Field(True, description="a region also counts the vectors of regions that overlap it (with geometry)")
    salience: bool = Field(
        True, description="learn how readily any word goes to a region, from its looks, place and class"
    )
    name_scale: float = Field(3.0, description="how much of a name's word vectors a class adds, at first")
    word_weights: bool = Field(True, description="learn how much each word counts")
    length_power: float = Field(
        0.5, ge=0, le=1, description="divide a sentence's sum by (sum of weights) to this power"
    )
    global_fragment: bool = Field(True, description="one more fragment, the whole sentence, tied to the whole photo")
    calibrate: bool = Field(
        True, description="correct scores by what training photos and sentences score; needs global_fragment"
    )
    calibration_sharpness: float = Field(0.5, gt=0, description="how far the highest of those scores decide")
    global_dimension: int = Field(512, ge=1, description="length of its vector")

    initial_gain: float = Field(0.87, gt=0, description="spread of the region map's first weights, times 1/√(inputs)")

    # The training
    loss: Literal["hinge", "hardest", "contrastive"] = Field(
        "contrastive", description="all wrong pairs of the batch, the hardest one alone, or a softmax over the batch"
    )
    margin: float = Field(
        0.2, gt=0, description="by which a right pair must score higher than a wrong one, of hinge and hardest"
    )
    hardest_after: int = Field(1, ge=0, description="epochs of the summed hinge before `hardest` begins")
    sharpness: float = Field(20.0, gt=0, description="what cosines of sentences are multiplied with: 1 / temperature")
    word_sharpness: float = Field(9.0, gt=0, description="the same for the cosines of words")
    parts: float = Field(0.5, ge=0, description="weight of the same loss on the words' and the sentence's score alone")
    rate: float = Field(2e-3, gt=0, description="the learning rate")
    epochs: int = Field(24, ge=1, description="passes over the training images")
    dropout: float = Field(0.5, ge=0, lt=1, description="of region features and of the bottleneck")
    word_dropout: float = Field(0.3, ge=0, lt=1, description="of the elements of word vectors")
    region_dropout: float = Field(0.2, ge=0, lt=1, description="of whole regions, never the frame")

    @model_validator(mode="before")
    @classmethod
    def _word_vectors(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("preset") == "paper":
            return values
        maps = values.get("vectors") is not None or values.get("recurrence", "none") != "none"
        return {"word_dimension": 300, **values} if maps else values

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.calibrate and not self.global_fragment:
            raise ValueError("calibrate needs global_fragment: state calibrate=false")
        if (self.recurrence != "none" or self.vectors is not None) and not self.word_dimension:
            raise ValueError("a recurrence, and a file of vectors, need word vectors: state word_dimension above 0")
        return self
