"""CLIP (Radford et al. 2021) by open_clip, from a local checkpoint: an encoder and a backend, both named open-clip.

The encoder gives each region, cut out, its image embedding (`--mode crop`); the backend compares them with the text
embeddings of sentences and words. Nothing is trained: `vsa train` only notes which checkpoint it is.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import open_clip
import torch
from pydantic import Field
from torch.nn.functional import normalize

from vsa_toolkit import Backend, DataError, Encoder, Fragments, Options, Requires, Scoring, UserError, hookimpl


class ClipOptions(Options):
    """Which network; the same for the encoder and the backend."""

    model: str = Field("ViT-B-32", description="open_clip's name of the network, or that of `config`")
    checkpoint: Path | None = Field(None, description="its weights, a local file (.pt, .safetensors)")
    config: Path | None = Field(
        None, description="a JSON file with the sizes of a network that open_clip does not know"
    )


class OpenClipEncoder(Encoder):
    """One vector a photo or crop: CLIP's image embedding, as a map of one cell."""

    name = "open-clip"
    Options = ClipOptions

    def __init__(self, options, device, dtype):
        super().__init__(options, device, dtype)
        self._network, self._preprocess, self._digest = load(options)
        self._network = self._network.to(device, dtype)

    @property
    def dimension(self):
        return embedding_size(self._network)

    def spec(self):
        return {"model": self.options.model, "weights": self._digest, "normalisation": "open_clip's own", "code": 1}

    def preprocess(self, photo):
        return self._preprocess(photo)

    @torch.inference_mode()
    def feature_map(self, batch):
        return self._network.encode_image(batch.to(self.dtype))[:, :, None, None]


class OpenClip(Backend):
    """A sentence as a whole against the region that fits it best, and each word against each region."""

    name = "open-clip"
    paper = "Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021"
    requires = Requires(features="regions")

    class Options(ClipOptions):
        prompt: str = Field("a photo of {}", description="what a word or sentence is put into")
        word_weight: float = Field(0.1, ge=0, description="how much words count beside the whole sentence")

    def fit(self, train, val, ctx):
        self._read()
        ctx.progress(1, 1)
        if not ctx.cancelled():
            ctx.save(self)

    def _read(self):
        network, _, self._digest = load(self.options)
        self._network, self._tokens = network.to(self.device), tokenizer(self.options)

    @property
    def scoring(self):
        return Scoring(reduce="max")

    @torch.inference_mode()
    def embed_regions(self, features, counts):
        """(images, R, d): unit vectors; features must be those of the encoder."""
        if features.shape[2] != embedding_size(self._network):
            raise DataError(
                f"open-clip compares vectors of {embedding_size(self._network)} numbers, the features have"
                f" {features.shape[2]}: train with --encoder open-clip --mode crop, the same model and checkpoint."
            )
        return normalize(features.to(self.device).float(), dim=2)

    @torch.inference_mode()
    def embed_fragments(self, sentences):
        """The words, weighted, and after them the sentence as a whole (token_index −1)."""
        words = sorted({word for sentence in sentences for word in sentence})
        row = {word: number for number, word in enumerate(words)}
        of_words = self._texts(words)
        wholes = self._texts([" ".join(sentence) for sentence in sentences])
        vectors, lengths, token = [], [], []
        for sentence, whole in zip(sentences, wholes, strict=True):
            rows = torch.tensor([row[word] for word in sentence], dtype=torch.int64, device=self.device)
            weight = self.options.word_weight / max(len(sentence), 1)
            vectors += [weight * of_words[rows], whole[None]]
            lengths.append(len(sentence) + 1)
            token += [*range(len(sentence)), -1]
        return Fragments(torch.cat(vectors), torch.tensor(lengths), torch.tensor(token))

    def _texts(self, texts):
        """Unit vectors (texts, d)."""
        if not texts:
            return torch.zeros(0, embedding_size(self._network), device=self.device)
        tokens = self._tokens([self.options.prompt.format(text) for text in texts]).to(self.device)
        parts = [self._network.encode_text(part) for part in tokens.split(64)]
        return normalize(torch.cat(parts).float(), dim=1)

    def state(self):
        return {}, {"checkpoint": self._digest}

    @classmethod
    def from_state(cls, options, tensors, values, device):
        backend = cls(options, device)
        backend._read()
        if backend._digest != values["checkpoint"]:
            raise DataError(f"{options.checkpoint} is not the file that this checkpoint of open-clip was made with.")
        return backend


def embedding_size(network):
    return network.text_projection.shape[1]


def load(options):
    """The network in evaluation mode, its preprocessing, and the digest of its weights."""
    if options.checkpoint is None or not options.checkpoint.is_file():
        given = "none was given" if options.checkpoint is None else f"{options.checkpoint} is no file"
        raise UserError(f"open-clip needs a local checkpoint, {given}: checkpoint=FILE.")
    _know(options.config)
    try:
        network, _, preprocess = open_clip.create_model_and_transforms(
            options.model, pretrained=str(options.checkpoint)
        )
    except Exception as error:  # open_clip and torch raise many kinds
        reason = str(error).splitlines()[0]
        raise DataError(f"{options.checkpoint} holds no weights of open_clip's {options.model} ({reason}).") from error
    return network.eval().requires_grad_(False), preprocess, _digest_of(options.checkpoint)


def tokenizer(options):
    return open_clip.get_tokenizer(options.model)


@lru_cache
def _know(config):
    if config is not None:
        open_clip.add_model_config(config)


def _digest_of(file):
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@hookimpl
def vsa_backends(register):
    register(OpenClip)


@hookimpl
def vsa_encoders(register):
    register(OpenClipEncoder)
