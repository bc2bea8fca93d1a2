"""The backend wordbag: the photo's vector, mapped linearly, against the mean of the words' vectors."""

import torch
from pydantic import Field
from torch import nn
from torch.nn.functional import normalize
from vsa_toolkit import Backend, Options, Requires, hookimpl
from vsa_toolkit.alignment.losses import contrastive
from vsa_toolkit.training import Recipe, mean_recall, train_ranking
from vsa_toolkit.vocabulary import Vocabulary, build_vocabulary


class Wordbag(Backend):
    name = "wordbag"
    requires = Requires(features="frame")

    class Options(Options):
        dimension: int = Field(512, ge=1, description="length of photo and sentence vectors")
        epochs: int = Field(10, ge=1, description="how often training sees each photo")

    def fit(self, train, val, ctx):
        self.build(build_vocabulary(train.sentences, min_count=5), train.layout.dimension)
        for weight in self.network.parameters():
            nn.init.normal_(weight, std=0.03, generator=ctx.generator)

        def scores(data):
            return self.embed_images(data.features, data.counts) @ self.embed_sentences(data.sentences).T

        loss = lambda batch, generator: contrastive(20 * scores(batch), batch.image_of)
        recall = lambda: mean_recall(scores(val).detach(), val.sentence_image)
        train_ranking(self, self.network, loss, recall, train, ctx, Recipe(epochs=self.options.epochs, rate=2e-3))

    def build(self, vocabulary, columns):
        self.vocabulary, h = vocabulary, self.options.dimension
        maps = {"photo": nn.Linear(columns, h), "words": nn.EmbeddingBag(len(vocabulary), h, mode="mean")}
        self.network = nn.ModuleDict(maps).to(self.device)

    def embed_images(self, features, counts):
        return normalize(self.network["photo"](features[:, 0].to(self.device).float()), dim=1)

    def embed_sentences(self, sentences):
        ids = [torch.tensor(self.vocabulary.encode(sentence) or [0]) for sentence in sentences]
        starts = torch.tensor([0, *map(len, ids[:-1])]).cumsum(0)
        return normalize(self.network["words"](torch.cat(ids).to(self.device), starts.to(self.device)), dim=1)

    def state(self):
        return dict(self.network.state_dict()), {"words": list(self.vocabulary.words)}

    @classmethod
    def from_state(cls, options, tensors, values, device):
        backend = cls(options, device)
        backend.build(Vocabulary(tuple(values["words"])), tensors["photo.weight"].shape[1])
        backend.network.load_state_dict(tensors)
        return backend


@hookimpl
def vsa_backends(register):
    register(Wordbag)
