"""The dual encoders devise, uvse, bow and vsepp: what holds for all of them, and the equations of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge
from vsa_toolkit.backend import Backend, Examples, Layout, abilities
from vsa_toolkit.checkpoint import load_backend, save_backend
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.bow import Bow
from vsa_toolkit.plugins.devise import Devise
from vsa_toolkit.plugins.joint_embedding import JointEmbedding
from vsa_toolkit.plugins.uvse import Uvse
from vsa_toolkit.plugins.vsepp import Vsepp
from vsa_toolkit.registry import Registry
from vsa_toolkit.scorer import make_scorer
from vsa_toolkit.training import Batch

from .simulated import Keeper, scenes

SMALL = ("dimension=12", "min_count=1", "images=16")
RECURRENT = ("word_dimension=9", *SMALL)
KINDS: list[tuple[type[JointEmbedding], tuple[str, ...]]] = [
    (Devise, SMALL),
    (Devise, (*SMALL, "linear=false", "unit_norm=false", "word_dimension=10")),
    (Uvse, RECURRENT),
    (Uvse, (*RECURRENT, "recurrence=gru", "both_directions=true")),
    (Uvse, ("preset=paper", *RECURRENT)),
    (Bow, SMALL),
    (Bow, (*SMALL, "bottleneck=0")),
    (Vsepp, RECURRENT),
    (Vsepp, ("preset=paper", *RECURRENT)),
    (Bow, ("calibrate=false", *SMALL)),
]
every_kind = pytest.mark.parametrize(("kind", "pairs"), KINDS)
LONG = ["dog", "and"] * 100
LATE = [["a", "dog"], ["cat"], []]


def trained(kind: type[JointEmbedding], pairs: Sequence[str], seed: int = 0) -> tuple[JointEmbedding, Keeper]:
    """The backend as its training left it, and what was kept of it."""
    keeper = Keeper(seed)
    backend = kind(parse_options(kind.Options, ["epochs=3", *pairs], owner=kind.name))
    backend.fit(frames(64), frames(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return backend, keeper


@cache
def fitted(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> JointEmbedding:
    backend, keeper = trained(kind, pairs)
    return kind.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def frames(images: int, seed: int = 0) -> Examples:
    """Simulated photos that have one region, the frame."""
    examples = scenes(images, seed)
    ones = torch.ones(images, dtype=torch.int64)
    features = examples.features[:, :1, : examples.layout.encoder]
    return Examples(features, ones, Layout(features.shape[2]), examples.sentences, examples.sentence_image)


def matrix(backend: JointEmbedding, examples: Examples, sentences: Sequence[Sequence[str]]) -> Tensor:
    return backend.embed_images(examples.features, examples.counts) @ backend.embed_sentences(sentences).t()


@pytest.mark.parametrize("kind", [Devise, Uvse, Bow, Vsepp])
def test_the_registry_finds_them_by_name_as_dual_encoders_of_the_frame(kind: type[Backend]) -> None:
    assert Registry().get("backends", kind.name) is kind
    assert abilities(kind) == ["dual-encoder"]
    assert kind.required(kind.Options()).features == "frame"


@every_kind
def test_a_sentences_scores_do_not_depend_on_its_batch(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(kind, pairs), frames(10, seed=2)
    sentences = [["dog"], *examples.sentences, LONG, [], ["xyzzy"]]
    together = matrix(backend, examples, sentences)
    for place in (0, 1, 5, len(sentences) - 3, len(sentences) - 2, len(sentences) - 1):
        alone = matrix(backend, examples, [sentences[place]])
        torch.testing.assert_close(alone, together[:, place : place + 1], rtol=1e-5, atol=1e-5)
    one = Examples(examples.features[3:4], examples.counts[3:4], examples.layout, [], torch.zeros(0))
    torch.testing.assert_close(matrix(backend, one, sentences), together[3:4], rtol=1e-5, atol=1e-5)


@every_kind
def test_odd_sentences_have_finite_scores(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> None:
    odd = [[], ["xyzzy"], ["xyzzy", "plugh"], ["dog"], LONG]
    examples = frames(4)
    odd_split = Examples(examples.features, examples.counts, examples.layout, odd, torch.zeros(5, dtype=torch.int64))
    scores = make_scorer(fitted(kind, pairs), odd).scores(odd_split, [0, 1, 2, 3])
    assert scores.shape == (4, 5)
    assert torch.isfinite(torch.as_tensor(scores)).all()


@every_kind
def test_odd_sentences_can_be_trained_on(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> None:
    train = frames(64)
    sentences = [[], ["xyzzy"], ["dog"], LONG, *train.sentences[4:]]
    odd = Examples(train.features, train.counts, train.layout, sentences, train.sentence_image)
    keeper = Keeper()
    backend = kind(parse_options(kind.Options, ["epochs=1", *pairs], owner=kind.name))
    backend.fit(odd, frames(8, seed=1), keeper.context())
    assert keeper.kept is not None
    assert all(torch.isfinite(tensor).all() for tensor in keeper.kept[0].values())


@pytest.mark.parametrize("kind", [Devise, Uvse, Bow, Vsepp])
def test_one_photo_with_one_sentence_can_be_trained_on(kind: type[JointEmbedding]) -> None:
    one = frames(1)
    one = Examples(one.features, one.counts, one.layout, one.sentences[:1], one.sentence_image[:1])
    backend, keeper = kind(parse_options(kind.Options, ["epochs=1", *SMALL], owner=kind.name)), Keeper()
    backend.fit(one, one, keeper.context())
    assert torch.isfinite(matrix(backend, one, [["dog"], []])).all()


@every_kind
def test_a_checkpoint_saved_and_loaded_gives_identical_vectors(
    kind: type[JointEmbedding], pairs: tuple[str, ...], tmp_path: Path
) -> None:
    backend, examples = fitted(kind, pairs), frames(10, seed=2)
    save_backend(backend, examples.layout, tmp_path)
    again, _ = load_backend(kind, backend.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
    assert isinstance(again, JointEmbedding)
    assert torch.equal(again.embed_sentences(examples.sentences), backend.embed_sentences(examples.sentences))
    images = (examples.features, examples.counts)
    assert torch.equal(again.embed_images(*images), backend.embed_images(*images))


@every_kind
def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    kind: type[JointEmbedding], pairs: tuple[str, ...]
) -> None:
    first, second, other = (trained(kind, (*pairs, "epochs=1"), seed)[1].kept for seed in (0, 0, 1))
    assert first is not None
    assert second is not None
    assert other is not None
    assert all(torch.equal(tensor, second[0][name]) for name, tensor in first[0].items())
    assert any(not torch.equal(tensor, other[0][name]) for name, tensor in first[0].items())


@pytest.mark.parametrize("kind", [Uvse, Vsepp])
def test_an_interrupted_training_ends_with_the_same_weights(kind: type[JointEmbedding]) -> None:
    _, whole = trained(kind, RECURRENT)
    backend = kind(parse_options(kind.Options, ["epochs=3", *RECURRENT], owner=kind.name))
    keeper = Keeper(stop_after=7)
    backend.fit(frames(64), frames(32, seed=1), keeper.context())
    assert len(keeper.curve) < 3
    again = Keeper()
    again.kept, again.progress = keeper.kept, keeper.progress
    kind(backend.options).fit(frames(64), frames(32, seed=1), again.context())
    assert whole.kept is not None
    assert again.kept is not None
    assert all(torch.equal(tensor, again.kept[0][name]) for name, tensor in whole.kept[0].items())


@pytest.mark.parametrize(("kind", "pairs"), [(Devise, SMALL), (Uvse, RECURRENT), (Bow, SMALL), (Vsepp, RECURRENT)])
def test_they_learn_which_sentence_belongs_to_which_photo(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> None:
    keeper = Keeper()
    options = parse_options(kind.Options, [*pairs, "dimension=32", "epochs=12", "rate=0.01"], owner=kind.name)
    kind(options).fit(frames(240), frames(60, seed=1), keeper.context())
    recalls = [point["recall"] for point in keeper.curve]
    assert recalls[-1] > 55, recalls  # chance: 17


@every_kind
def test_words_of_validation_sentences_are_not_learnt(kind: type[JointEmbedding], pairs: tuple[str, ...]) -> None:
    val = frames(16, seed=1)
    renamed = [["unseen", *sentence] for sentence in val.sentences]
    keeper = Keeper()
    backend = kind(parse_options(kind.Options, ["epochs=1", *pairs], owner=kind.name))
    unseen = Examples(val.features, val.counts, val.layout, renamed, val.sentence_image)
    backend.fit(frames(32), unseen, keeper.context())
    assert keeper.kept is not None
    assert "unseen" not in keeper.kept[1]["words"]  # type: ignore[operator]


@pytest.mark.parametrize("kind", [Devise, Uvse, Bow, Vsepp])
def test_an_exploding_loss_stops_and_names_the_step(kind: type[JointEmbedding]) -> None:
    train = frames(32)
    broken = train.features.clone()
    broken[5] = float("inf")
    backend = kind(parse_options(kind.Options, ["min_count=1", "images=16"], owner=kind.name))
    examples = Examples(broken, train.counts, train.layout, train.sentences, train.sentence_image)
    with pytest.raises(DataError, match=r"the loss became nan at step \d+ \(epoch 1\)"):
        backend.fit(examples, frames(8), Keeper().context())


def test_a_vocabulary_without_words_is_refused() -> None:
    backend = Bow(parse_options(Bow.Options, ["min_count=1000"]))
    with pytest.raises(DataError, match="no word occurs 1000 times"):
        backend.fit(frames(16), frames(8), Keeper().context())


def test_a_backend_that_was_not_trained_says_so() -> None:
    with pytest.raises(DataError, match="vsepp has not been trained"):
        Vsepp(Vsepp.Options()).embed_sentences([["dog"]])


def test_a_preset_fills_what_is_not_stated() -> None:
    paper = parse_options(Vsepp.Options, ["preset=paper", "epochs=3"], owner="vsepp").model_dump()
    assert (paper["rate"], paper["sentences"], paper["dropout"], paper["epochs"]) == (2e-4, 1, 0.0, 3)
    assert paper["calibrate"] is False
    with pytest.raises(UserError, match="bow has no option 'preset'"):
        parse_options(Bow.Options, ["preset=paper"], owner="bow")


# The equations --------------------------------------------------------------------------------------------


def test_bow_is_the_scaled_cosine_of_the_frame_and_the_mean_of_the_words() -> None:
    backend, examples = fitted(Bow, (*SMALL, "bottleneck=0", "calibrate=false")), frames(4)
    network = backend.fitted
    table, images = network.sentences.table.vectors, network.images
    z = (examples.features[:, 0, :16] - images.mean) / images.deviation
    v = z @ images.linear.weight.t() + images.linear.bias
    u = (table[backend.encode([["dog"]]).ids[0]] + table[backend.encode([["cat"]]).ids[0]]) / 2
    expected = backend.options.sharpness * cosine_similarity(v, u[None], dim=1)  # type: ignore[attr-defined]
    torch.testing.assert_close(matrix(backend, examples, [["dog", "cat"]])[:, 0], expected)


def test_the_losses_are_the_papers() -> None:
    scores, owner = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), torch.arange(8) // 2
    early, late = (Batch(torch.zeros(4, 1, 1), torch.ones(4), [], owner, epoch) for epoch in (0, 9))
    assert torch.equal(fitted(Bow, SMALL).loss(scores, late), contrastive(scores, owner))
    assert torch.equal(fitted(Devise, SMALL).loss(scores, late), hinge(scores, owner, 0.1))
    assert torch.equal(fitted(Uvse, RECURRENT).loss(scores, late), hinge(scores, owner, 0.2))
    assert torch.equal(fitted(Vsepp, RECURRENT).loss(scores, early), contrastive(scores * 20, owner))
    assert torch.equal(fitted(Vsepp, ("preset=paper", *RECURRENT)).loss(scores, early), hinge(scores, owner, 0.2))
    assert torch.equal(fitted(Vsepp, RECURRENT).loss(scores, late), hardest(scores, owner, 0.2))
    # As released: a sum over pairs before and after, so that the gradient's bound means the same.
    assert torch.equal(fitted(Vsepp, ("preset=paper", *RECURRENT)).loss(scores, late), 8 * hardest(scores, owner, 0.2))


def test_uvse_and_vsepp_take_the_last_state() -> None:
    for kind in (Uvse, Vsepp):
        backend = fitted(kind, (*RECURRENT, "calibrate=false"))
        network, words = backend.fitted, backend.encode([["a", "dog", "cat"], ["dog"]])
        with torch.inference_mode():
            states = network.sentences.recurrence(network.sentences.table(words), words.lengths)
        expected = normalize(states[[2, 3]], dim=1)
        torch.testing.assert_close(backend.embed_sentences([["a", "dog", "cat"], ["dog"]]), expected)


def test_a_calibration_takes_away_what_the_bank_scores() -> None:
    backend, examples = fitted(Bow, SMALL), frames(5, seed=2)
    calibration, network = backend._calibration, backend.fitted
    assert calibration is not None
    with torch.inference_mode():
        v, u = network.embed_images(examples.features, examples.counts), network.embed_sentences(backend.encode(LATE))
        bank_v, bank_u = calibration.tensors["images"], calibration.tensors["sentences"]
    assert (len(bank_v), len(bank_u)) == (64, 128)
    of_sentences, of_images = (
        ((calibration.sharpness * scores).exp().mean(dim=dim).log() / calibration.sharpness)
        for scores, dim in ((bank_v @ u.t(), 0), (v @ bank_u.t(), 1))
    )
    expected = v @ u.t() - of_sentences - of_images[:, None]
    torch.testing.assert_close(matrix(backend, examples, LATE), expected, rtol=1e-4, atol=1e-4)
    deviation = float((bank_v @ bank_u.t()).std())
    assert calibration.sharpness * deviation == pytest.approx(1.5, rel=1e-3)


# Word vectors from a file ---------------------------------------------------------------------------------


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("dog 3 0 4\ncat 0 1 0\nball 0 0 1\npangolin 1 1 1\n", encoding="utf-8")
    return path


def test_devise_keeps_a_files_vectors_as_they_are_and_knows_no_other_words(glove: Path) -> None:
    backend, keeper = trained(Devise, (*SMALL, f"vectors={glove}", "word_dimension=5"))
    tensors, values = keeper.kept  # type: ignore[misc]
    assert sorted(values["words"]) == ["ball", "cat", "dog"]  # type: ignore[call-overload]
    table = tensors["sentences.table.vectors"]
    assert table[backend.encode([["dog"]]).ids[0]].tolist() == pytest.approx([0.6, 0, 0.8, 0, 0])
    assert table[0].tolist() == [0, 0, 0, 0, 0]
    again = Devise.from_state(backend.options, tensors, values, torch.device("cpu"))  # without the file
    glove.unlink()
    assert torch.isfinite(matrix(again, frames(4), [["a", "kite"], ["dog"], []])).all()


@pytest.mark.parametrize(("kind", "pairs"), [(Uvse, RECURRENT), (Bow, SMALL), (Vsepp, RECURRENT)])
def test_the_others_start_from_a_files_vectors(kind: type[JointEmbedding], pairs: tuple[str, ...], glove: Path) -> None:
    with_file = trained(kind, (*pairs, f"vectors={glove}", "rate=1e-9", "epochs=1", "average=0"))[0]
    table = with_file.fitted.sentences.table.vectors.detach()  # type: ignore[union-attr]
    dog, cat = table[with_file.encode([["dog", "cat"]]).ids]
    # Standardised over the file's three words: the first column of dog is above that of cat, the second below.
    assert dog[0] > cat[0]
    assert dog[1] < cat[1]


def test_a_file_without_any_word_of_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("pangolin 1 0 0\n", encoding="utf-8")
    for kind, pairs in ((Devise, SMALL), (Vsepp, RECURRENT)):
        with pytest.raises(DataError, match=r"vectors\.txt has none of the 9 words of training"):
            trained(kind, (*pairs, f"vectors={path}"))


def test_frozen_vectors_longer_than_the_table_are_refused(glove: Path) -> None:
    with pytest.raises(DataError, match="state -o word_dimension=3"):
        trained(Devise, (*SMALL, f"vectors={glove}", "word_dimension=2"))
