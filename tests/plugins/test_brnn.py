"""The brnn backend: its equations, its vectors under the toolkit's scoring, its training, its state."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from vsa_toolkit.alignment import score_matrix
from vsa_toolkit.backend import Examples, abilities
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.brnn import Brnn, BrnnOptions
from vsa_toolkit.plugins.brnn.recurrence import Bidirectional
from vsa_toolkit.registry import Registry

from .simulated import LAYOUT, THINGS, Keeper, scenes

SMALL = (
    "dimension=12",
    "global_dimension=10",
    "bottleneck=16",
    "word_dimension=9",
    "hidden=9",
    "min_count=1",
    "images=16",
    "epochs=3",
)


def options(*pairs: str) -> BrnnOptions:
    return parse_options(BrnnOptions, [*SMALL, *pairs], owner="brnn")


def fitted(*pairs: str, images: int = 64) -> Brnn:
    keeper = Keeper()
    backend = Brnn(options(*pairs))
    backend.fit(scenes(images), scenes(images // 2, seed=1), keeper.context())
    assert keeper.kept is not None
    return Brnn.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def matrix(backend: Brnn, examples: Examples, sentences: Sequence[Sequence[str]] | None = None) -> Tensor:
    found = backend.embed_fragments(sentences or examples.sentences)
    regions = backend.embed_regions(examples.features, examples.counts)
    return score_matrix(regions, found.vectors, found.lengths, examples.counts, scoring=backend.scoring)


KINDS = [
    (),
    ("votes=true", "words_on_frame=true"),
    ("recurrence=gru",),
    ("recurrence=lstm",),
    ("recurrence=relu",),
    ("preset=paper", "images=16", "epochs=3"),
]


def test_the_registry_finds_it_by_name_and_as_an_aligner() -> None:
    assert Registry().get("backends", "brnn") is Brnn
    assert abilities(Brnn) == ["aligner"]


def test_a_preset_fills_what_is_not_stated_and_a_stated_option_wins() -> None:
    paper = parse_options(BrnnOptions, ["preset=paper", "dimension=1200"], owner="brnn")
    assert (paper.recurrence, paper.loss, paper.optimiser, paper.clip_value) == ("relu", "hinge", "sgd", 5.0)
    assert paper.dimension == 1200
    assert BrnnOptions.model_validate(paper.model_dump(mode="json")) == paper


def test_an_unknown_option_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="dimension"):
        parse_options(BrnnOptions, ["dimensions=3"], owner="brnn")


def test_the_relu_recurrence_is_the_papers() -> None:
    layer = Bidirectional("relu", 5, 5)
    layer.reset(torch.Generator().manual_seed(0))
    with torch.no_grad():
        layer.bias.uniform_(-0.1, 0.1)
    e = torch.rand(4, 5)
    forward, backward = [torch.zeros(5)], [torch.zeros(5)]
    for t in range(4):
        forward.append(torch.relu(e[t] + forward[-1] @ layer.recurrent[0] + layer.bias[0]))
        backward.append(torch.relu(e[3 - t] + backward[-1] @ layer.recurrent[1] + layer.bias[1]))
    expected = torch.stack(forward[1:]) + torch.stack(backward[1:]).flip(0)
    torch.testing.assert_close(layer(e, torch.tensor([4])), expected)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_the_gates_are_those_of_torch(kind: str) -> None:
    layer = Bidirectional(kind, 4, 6)
    layer.reset(torch.Generator().manual_seed(0))
    peer = (torch.nn.GRU if kind == "gru" else torch.nn.LSTM)(4, 6, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for direction, suffix in enumerate(("_l0", "_l0_reverse")):
            half = len(layer.inputs.weight) // 2
            rows = slice(direction * half, (direction + 1) * half)
            getattr(peer, f"weight_ih{suffix}").copy_(layer.inputs.weight[rows])
            getattr(peer, f"bias_ih{suffix}").copy_(layer.inputs.bias[rows])
            getattr(peer, f"weight_hh{suffix}").copy_(layer.recurrent[direction].t())
            getattr(peer, f"bias_hh{suffix}").copy_(layer.bias[direction])
    e = torch.randn(5, 4)
    expected = peer(e[None])[0][0]
    torch.testing.assert_close(layer(e, torch.tensor([5])), expected[:, :6] + expected[:, 6:])


@pytest.mark.parametrize("pairs", KINDS)
def test_scores_do_not_depend_on_the_company_that_sentences_and_images_keep(pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(*pairs), scenes(10, seed=2)
    alone = Examples(
        examples.features[3:4, : int(examples.counts[3])], examples.counts[3:4], LAYOUT, [], torch.zeros(0)
    )
    together = matrix(backend, examples, [["a", "dog"], ["a", "cat", "a", "ball", "a", "kite"]])
    torch.testing.assert_close(matrix(backend, alone, [["a", "dog"]]), together[3:4, :1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pairs", KINDS)
def test_the_engine_gives_the_score_that_training_ranked_with(pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(*pairs), scenes(10, seed=2)
    from vsa_toolkit.plugins.brnn.words import encode

    network = backend._fitted()
    with torch.inference_mode():
        regions = network.embed_regions(examples.features, examples.counts)
        sentences = network.embed_sentences(encode(backend._vocabulary, examples.sentences, torch.device("cpu")))
        local, whole = network.scores(regions, sentences, examples.counts)
        expected = local if whole is None else local + whole
        if backend._calibration is not None:
            expected = (
                expected - backend._calibration.of_photos(network, regions, examples.counts, torch.float32)[:, None]
            )
            expected = expected - backend._calibration.of_sentences(network, sentences, torch.float32)
    torch.testing.assert_close(matrix(backend, examples), expected, rtol=1e-4, atol=1e-4)


def test_the_fragment_of_the_whole_sentence_is_tied_to_no_word_and_meets_the_frame_only() -> None:
    backend, examples = fitted(), scenes(10, seed=2)
    found = backend.embed_fragments([["a", "dog"], ["cat"]])
    assert found.lengths.tolist() == [3, 2]
    assert found.token_index.tolist() == [0, 1, -1, 0, -1]
    products = backend.embed_regions(examples.features, examples.counts) @ found.vectors[2]
    assert (products.argmax(dim=1) == 0).all()
    assert (products[:, 1:] < -1000).all()


def test_a_sentence_without_any_known_word_still_gets_a_fragment() -> None:
    for pairs in KINDS:
        backend = fitted(*pairs)
        found = backend.embed_fragments([[], ["xyzzy"], ["dog"]])
        assert (found.lengths >= 1).all()
        assert torch.isfinite(found.vectors).all()
        assert torch.isfinite(matrix(backend, scenes(4), [[], ["xyzzy"]])).all()


def test_words_of_the_validation_sentences_are_not_learned() -> None:
    val = scenes(24, seed=1)
    val = Examples(val.features, val.counts, LAYOUT, [["unseen", *s] for s in val.sentences], val.sentence_image)
    backend = Brnn(options())
    backend.fit(scenes(64), val, Keeper().context())
    assert "unseen" not in backend.state()[1]["words"]


def test_state_and_from_state_give_the_same_scores() -> None:
    keeper, examples = Keeper(), scenes(10, seed=2)
    backend = Brnn(options("epochs=1", "average=0"))
    backend.fit(scenes(64), scenes(24, seed=1), keeper.context())
    again = Brnn.from_state(backend.options, *keeper.kept, torch.device("cpu"))
    torch.testing.assert_close(matrix(again, examples), matrix(backend, examples))


def test_it_learns_which_region_a_word_means() -> None:
    backend = fitted("epochs=20", "dropout=0", "word_dropout=0", "words_on_frame=true", images=240)
    examples = scenes(40, seed=5)
    right = total = 0
    look = torch.randn(len(THINGS), 16, generator=torch.Generator().manual_seed(99))
    regions = backend.embed_regions(examples.features, examples.counts)
    for sentence, row in zip(examples.sentences, examples.sentence_image.tolist(), strict=True):
        words = backend.embed_fragments([sentence])
        scores = words.vectors[1:3] @ regions[row, 1 : int(examples.counts[row])].t()
        seen = examples.features[row, 1 : int(examples.counts[row]), :16]
        shown = torch.cdist(seen, look).argmin(dim=1)
        for word, best in zip(sentence[1:], scores.argmax(dim=1).tolist(), strict=True):
            right += THINGS[int(shown[best])] == word
            total += 1
    assert right / total > 0.9


@pytest.mark.parametrize("recurrence", ["relu", "gru", "lstm"])
def test_the_seed_alone_decides_a_training(recurrence: str) -> None:
    states = []
    for other in (1, 2):
        with torch.random.fork_rng():
            torch.manual_seed(other)  # torch's own generator, which nothing may use
            states.append(fitted(f"recurrence={recurrence}", "epochs=1").state()[0])
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


def test_frame_only_ignores_all_other_regions() -> None:
    backend, examples = fitted("frame_only=true"), scenes(6, seed=2)
    changed = examples.features.clone()
    changed[:, 1:] = 7.0
    other = Examples(changed, examples.counts, LAYOUT, examples.sentences, examples.sentence_image)
    torch.testing.assert_close(matrix(backend, other), matrix(backend, examples))


def test_frame_only_ties_words_to_the_photo() -> None:
    backend, examples = fitted("frame_only=true", "global_fragment=false", "calibrate=false"), scenes(6, seed=2)
    scores = matrix(backend, examples)
    assert float(scores.std(dim=0).min()) > 0


def test_shuffled_regions_are_those_of_training_photos_and_survive_the_state() -> None:
    backend, examples = fitted("shuffle_regions=true"), scenes(6, seed=2)
    changed = examples.features.clone()
    changed[:, 1:] = 7.0
    other = Examples(changed, examples.counts, LAYOUT, examples.sentences, examples.sentence_image)
    torch.testing.assert_close(matrix(backend, other), matrix(backend, examples))
    tensors, values = backend.state()
    again = Brnn.from_state(backend.options, tensors, values, torch.device("cpu"))
    torch.testing.assert_close(matrix(again, examples), matrix(backend, examples))


def test_a_file_of_word_vectors_starts_the_words_that_it_has(tmp_path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("dog 1 0 0\ncat 0 1 0\nball 0 0 1\n", encoding="utf-8")
    backend = fitted(f"vectors={path}", "epochs=1")
    assert backend.options.vectors == path
    path.write_text("pangolin 1 0 0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"vectors\.txt has none of the"):
        fitted(f"vectors={path}", "epochs=1")


def test_vectors_longer_than_the_words_or_without_a_place_are_refused(tmp_path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("dog 1 0 0\ncat 0 1 0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"vectors of 3 numbers, the model's words have 2: state -o word_dimension=3"):
        fitted(f"vectors={path}", "epochs=1", "word_dimension=2")
    with pytest.raises(UserError, match="state word_dimension above 0"):
        fitted(f"vectors={path}", "epochs=1", "word_dimension=0")
