"""The language models rnn and mrnn: what holds for both, and the equations of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Examples, LateFusion, Layout, abilities
from vsa_toolkit.checkpoint import load_backend, save_backend
from vsa_toolkit.decoding import Decoding, decode, text
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.likelihood import perplexity, sentence_likelihoods
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.cells import Cell
from vsa_toolkit.plugins.known_words import NOTHING, ROUND, KnownWords, word_frequencies
from vsa_toolkit.plugins.language_backend import LanguageBackend
from vsa_toolkit.plugins.mrnn import Mrnn
from vsa_toolkit.plugins.recurrence import Kind
from vsa_toolkit.plugins.rnn.backend import Rnn
from vsa_toolkit.registry import Registry
from vsa_toolkit.scorer import make_scorer
from vsa_toolkit.vocabulary import Vocabulary

from .simulated import THINGS, Keeper, scenes

SMALL = ("hidden=14", "word_dimension=10", "min_count=1", "images=16", "rate=0.01", "prior=5")
MULTIMODAL = (*SMALL, "first_dimension=8", "multimodal=12")
KINDS: list[tuple[type[LanguageBackend], tuple[str, ...]]] = [
    (Rnn, SMALL),
    (Rnn, (*SMALL, "recurrence=gru")),
    (Rnn, (*SMALL, "recurrence=rnn")),
    (Rnn, ("preset=paper", *SMALL, "rate=0.001", "sentences=2")),
    (Mrnn, MULTIMODAL),
    (Mrnn, ("preset=paper", *MULTIMODAL, "rate=0.001")),
]
every_kind = pytest.mark.parametrize(("kind", "pairs"), KINDS)
ODD = [[], ["dog"], ["dog", "and", "cat"] * 67, ["xyzzy", "plugh"], ["a", "xyzzy", "cat"]]


def frames(images: int, seed: int = 0) -> Examples:
    """Simulated photos with their frame alone."""
    whole = scenes(images, seed)
    ones = torch.ones_like(whole.counts)
    return Examples(whole.features[:, :1, :16], ones, Layout(16), whole.sentences, whole.sentence_image)


@cache
def trained(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
    seed: int = 0,
    epochs: int = 4,
) -> tuple[Backend, Keeper]:
    """The backend as it was kept, and what its training told."""
    backend = kind(parse_options(kind.Options, [*pairs, f"epochs={epochs}"], owner=kind.name))
    keeper = Keeper(seed)
    backend.fit(frames(64), frames(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return kind.from_state(backend.options, *keeper.kept, torch.device("cpu")), keeper


def likelihoods(backend: Backend, examples: Examples) -> Tensor:
    found = sentence_likelihoods(backend, examples.features[:, 0], examples.sentences, examples.sentence_image)
    return found.log_probabilities


def captions(backend: Backend, examples: Examples) -> list[str]:
    return [text(d, backend) for d in decode(backend, examples.features[:, 0], Decoding(3))]


@pytest.mark.parametrize("kind", [Rnn, Mrnn])
def test_the_registry_finds_them_by_name_as_language_models(kind: type[Backend]) -> None:
    assert Registry().get("backends", kind.name) is kind
    assert abilities(kind) == ["language-model"]
    assert not kind.required(kind.Options()).alignments
    assert kind.required(parse_options(kind.Options, ["train_on=regions"])).alignments


@every_kind
def test_training_lowers_the_perplexity_and_keeps_the_best_epoch(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, keeper = trained(kind, pairs, epochs=12)
    curve = [point["perplexity"] for point in keeper.curve if "perplexity" in point]
    assert len(curve) == 12
    assert min(curve) < 0.97 * curve[0]
    val = frames(32, seed=1)
    found = perplexity(backend, val.features[:, 0], val.sentences, val.sentence_image)
    assert found["value"] == pytest.approx(min(curve), rel=1e-3)


def test_an_lstm_learns_to_name_what_it_sees() -> None:
    backend, _ = trained(Rnn, (*SMALL, "image_dropout=0", "dropout=0", "word_dropout=0"), epochs=60)
    test = frames(40, seed=2)
    said = captions(backend, test)
    true = {(int(row), word) for row, s in zip(test.sentence_image, test.sentences) for word in s if word in THINGS}
    named = [(row, word) for row, caption in enumerate(said) for word in caption.split() if word in THINGS]
    assert len(named) >= 40
    assert sum(pair in true for pair in named) / len(named) > 0.6


@every_kind
def test_the_words_known_are_the_frequent_ones_of_training(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, _ = trained(kind, pairs)
    assert set(backend.words) == {"a", *THINGS}
    train = frames(64)
    rare = [*train.sentences[:-1], ["a", "unicorn"]]
    few = kind(parse_options(kind.Options, [*pairs, "epochs=1", "min_count=2"], owner=kind.name))
    few.fit(
        Examples(train.features, train.counts, train.layout, rare, train.sentence_image),
        frames(8, seed=1), Keeper().context(),
    )  # fmt: skip
    assert "unicorn" not in few.words


@every_kind
def test_a_sentences_probability_does_not_depend_on_its_company(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, _ = trained(kind, pairs)
    test = frames(10, seed=2)
    crowd = Examples(
        test.features, test.counts, test.layout, [*test.sentences, *ODD],
        torch.cat([test.sentence_image, torch.zeros(len(ODD), dtype=torch.int64)]),
    )  # fmt: skip
    together = likelihoods(backend, crowd)
    assert torch.isfinite(together).all()
    for place in (0, 3, 20, 21, 22, 23):
        row = int(crowd.sentence_image[place])
        alone = Examples(
            crowd.features[row : row + 1], crowd.counts[:1], crowd.layout, [crowd.sentences[place]], torch.tensor([0])
        )
        torch.testing.assert_close(likelihoods(backend, alone), together[place : place + 1], rtol=1e-5, atol=1e-5)


@every_kind
def test_captions_do_not_depend_on_the_batch(kind: type[LanguageBackend], pairs: Sequence[str]) -> None:
    backend, _ = trained(kind, pairs)
    test = frames(12, seed=2)
    together = captions(backend, test)
    assert together == [captions(backend, part(test, row))[0] for row in range(12)]


def part(examples: Examples, row: int) -> Examples:
    one = slice(row, row + 1)
    return Examples(examples.features[one], examples.counts[one], examples.layout, [], torch.zeros(0))


@every_kind
def test_training_scores_words_as_stepping_through_them_does(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, _ = trained(kind, pairs)
    test = frames(6, seed=2)
    words = KnownWords.of(Vocabulary(tuple(backend.words)), test.sentences, torch.device("cpu"))
    with torch.inference_mode():
        of_sentence = test.features[test.sentence_image, 0][words.sentences].float()
        logits = backend.fitted(of_sentence, words, None)
    known = words.next != NOTHING
    steps = torch.cat([torch.arange(size) for size in words.sizes])[known]
    values = logits.log_softmax(dim=1)[known].gather(1, words.next[known, None])[:, 0].double()
    total = torch.zeros(len(test.sentences), dtype=torch.float64).index_add(0, words.sentences[steps], values)
    torch.testing.assert_close(total, likelihoods(backend, test), rtol=1e-5, atol=1e-5)


@every_kind
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    test = frames(6, seed=2)
    first = likelihoods(trained(kind, pairs)[0], test)
    assert torch.equal(likelihoods(trained.__wrapped__(kind, pairs)[0], test), first)
    assert not torch.equal(likelihoods(trained(kind, pairs, seed=1)[0], test), first)


@every_kind
def test_a_checkpoint_saved_and_loaded_says_the_same(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
    tmp_path: Path,
) -> None:
    backend, test = trained(kind, pairs)[0], frames(6, seed=2)
    save_backend(backend, test.layout, tmp_path)
    again, layout = load_backend(kind, backend.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
    assert layout == test.layout
    assert torch.equal(likelihoods(again, test), likelihoods(backend, test))
    assert captions(again, test) == captions(backend, test)
    scores = [make_scorer(b, test.sentences).scores(test, range(6)) for b in (backend, again)]
    assert (scores[0] == scores[1]).all()


@every_kind
def test_a_training_interrupted_anywhere_ends_with_the_same_weights(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    options = parse_options(kind.Options, [*pairs, "epochs=3"], owner=kind.name)
    ends = []
    for stop in (None, 7):
        keeper = Keeper(stop_after=stop)
        kind(options).fit(frames(64), frames(32, seed=1), keeper.context())
        keeper._stop_after = None
        kind(options).fit(frames(64), frames(32, seed=1), keeper.context())
        assert keeper.kept is not None
        ends.append(keeper.kept[0])
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@every_kind
def test_a_vocabulary_that_does_not_fit_the_weights_is_refused_naming_both(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, _ = trained(kind, pairs)
    tensors, values = backend.state()
    with pytest.raises(DataError, match="10 words, its weights are of a vocabulary of 9"):
        kind.from_state(backend.options, tensors, {**values, "words": [*values["words"], "one"]}, torch.device("cpu"))


def test_training_without_sentences_or_by_an_unknown_recurrence_is_refused() -> None:
    train = frames(8)
    none = Examples(train.features, train.counts, train.layout, [], torch.zeros(0, dtype=torch.int64))
    with pytest.raises(DataError, match="the training split has no sentences"):
        Rnn(Rnn.Options()).fit(none, train, Keeper().context())
    with pytest.raises(UserError, match="recurrence"):
        parse_options(Rnn.Options, ["recurrence=transformer"], owner="rnn")


def test_snippets_of_stop_words_alone_or_too_short_are_not_learnt() -> None:
    train = frames(40)
    snippets = [["in", "the"] if n % 2 else ["dog"] if n % 4 else ["a", "dog"] for n in range(len(train.sentences))]
    pairs = Examples(train.features, train.counts, train.layout, snippets, train.sentence_image)
    small = [*SMALL, "train_on=regions", "epochs=1"]
    for chosen, words in ((["min_words=1"], {"a", "dog"}), (["min_words=2"], {"a", "dog"})):
        backend = Rnn(parse_options(Rnn.Options, [*small, *chosen], owner="rnn"))
        backend.fit(pairs, pairs, Keeper().context())
        assert set(backend.words) == words
    with pytest.raises(DataError, match="no snippet"):
        backend = Rnn(parse_options(Rnn.Options, [*small, "min_words=3"], owner="rnn"))
        backend.fit(pairs, pairs, Keeper().context())


def test_words_come_step_by_step_the_longest_sentence_first_and_steps_are_filled_up() -> None:
    words = KnownWords.of(Vocabulary(("a", "b")), [["b"], ["a", "xyzzy", "b", "a"], []], torch.device("cpu"))
    assert words.sentences[:3].tolist() == [1, 0, 2]
    assert words.sizes == [ROUND] * 4
    read, following = words.last.view(4, ROUND), words.next.view(4, ROUND)
    assert read[:, 0].tolist() == [0, 1, 2, 1]
    assert following[:, 0].tolist() == [1, 2, 1, 0]
    assert following[:, 1].tolist() == [2, 0, NOTHING, NOTHING]
    assert following[:, 2].tolist() == [0, NOTHING, NOTHING, NOTHING]
    assert (following[:, 3:] == NOTHING).all()


def test_the_output_starts_from_how_often_words_come() -> None:
    bias = word_frequencies(Vocabulary(("a", "b")), [["a", "a", "a", "a"], ["a", "b"]])
    torch.testing.assert_close(bias.exp(), torch.tensor([2 / 5, 1.0, 1 / 5]))


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_cells_are_pytorchs(kind: Kind) -> None:
    cell = Cell(kind, 3, 4)
    cell.reset(torch.Generator().manual_seed(0))
    peer = torch.nn.LSTMCell(3, 4) if kind == "lstm" else torch.nn.GRUCell(3, 4)
    peer.load_state_dict(
        {
            "weight_ih": cell.inputs.weight, "weight_hh": cell.recurrent.T,
            "bias_ih": cell.inputs.bias, "bias_hh": torch.zeros(cell.gates),
        }
    )  # fmt: skip
    x, state = torch.randn(5, 3), cell.start(5)
    theirs = None
    for _ in range(3):
        state = cell(cell.inputs(x), state)
        theirs = peer(x, theirs)
    torch.testing.assert_close(state[0], theirs[0] if kind == "lstm" else theirs)


@pytest.mark.parametrize("kind", [Rnn, Mrnn])
def test_the_papers_training_survives_its_first_steps_on_features_as_wide_as_networks_give(
    kind: type[LanguageBackend],
) -> None:
    """RMSprop begins without any memory: its first steps are its longest."""
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(240, 1, 1280, generator=generator) ** 4
    said = [[f"w{int(w)}" for w in torch.randint(400, (11,), generator=generator)] for _ in range(240)]
    photos = Examples(features, torch.ones(240, dtype=torch.int64), Layout(1280), said, torch.arange(240))
    keeper = Keeper(0)
    pairs = ["preset=paper", "min_count=1", "images=40", "epochs=12"]
    kind(parse_options(kind.Options, pairs, owner=kind.name)).fit(photos, photos, keeper.context())
    found = [point["perplexity"] for point in keeper.curve if "perplexity" in point]
    assert found[-1] < found[0]


def test_both_presets_train_as_the_released_code_does() -> None:
    rnn, mrnn = (parse_options(kind.Options, ["preset=paper"], owner=kind.name) for kind in (Rnn, Mrnn))
    trains = {"images", "sentences", "epochs", "optimiser", "rate", "decay", "clip_value", "dropout", "word_dropout"}
    assert rnn.model_dump(include=trains) == mrnn.model_dump(include=trains)
    assert rnn.model_dump()["sentences"] == 1


def test_the_plain_network_is_the_equation_of_the_paper() -> None:
    backend, _ = trained(Rnn, (*SMALL, "recurrence=rnn"))
    network, image = backend.fitted, frames(1, seed=2).features[:, 0].float()
    w_hx, b_h, w_hh = network.cell.inputs.weight, network.cell.inputs.bias, network.cell.recurrent.T
    h, state = torch.zeros(14), backend.start(image)
    for t, token in enumerate((0, 3, 5), start=1):
        logits, state = backend.step(state, torch.tensor([token]))
        with torch.inference_mode():
            b_v = w_hx @ network.images(image)[0]
            h = torch.relu(w_hx @ network.table[token] + w_hh @ h + b_h + (b_v if t == 1 else 0))
            expected = network.output.weight @ h + network.output.bias
        torch.testing.assert_close(logits[0], expected, rtol=1e-5, atol=1e-5)


def test_mao_et_als_network_is_the_equations_of_their_paper() -> None:
    backend, _ = trained(Mrnn, ("preset=paper", *MULTIMODAL))
    network, image = backend.fitted, frames(1, seed=2).features[:, 0].float()
    r, state = torch.zeros(14), backend.start(image)
    for token in (0, 3, 5):
        logits, state = backend.step(state, torch.tensor([token]))
        with torch.inference_mode():
            w = network.second.weight @ network.first[token]
            r = torch.relu(network.cell.recurrent.T @ r + network.cell.inputs.weight @ w + network.cell.inputs.bias)
            v = network.images(image)[0]
            m = 1.7159 * torch.tanh(2 / 3 * (network.of_word.weight @ w + network.of_state.weight @ r + v))
            expected = network.output.weight @ m + network.output.bias
        torch.testing.assert_close(logits[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("kind", "pairs"), [(Rnn, SMALL), (Mrnn, MULTIMODAL)])
def test_scores_are_the_likelihood_given_the_image_less_that_without(
    kind: type[LanguageBackend],
    pairs: Sequence[str],
) -> None:
    backend, test = trained(kind, pairs)[0], frames(5, seed=2)
    assert isinstance(backend, LateFusion) == (kind is Mrnn)
    scores = torch.from_numpy(make_scorer(backend, test.sentences).scores(test, range(5)))
    prior = backend.prior
    assert len(prior) == 5
    for row in range(5):
        alike = Examples(test.features[[row] * 10], test.counts, test.layout, test.sentences, torch.arange(10))
        given = likelihoods(backend, alike)
        others = torch.stack(
            [
                likelihoods(
                    backend,
                    Examples(
                        p[None, None], test.counts, test.layout, test.sentences, torch.zeros(10, dtype=torch.int64)
                    ),
                )
                for p in prior
            ]
        )
        expected = given - (others.logsumexp(dim=0) - torch.tensor(5.0).log())
        # The normaliser may be in bfloat16 where the processor has units for it.
        torch.testing.assert_close(scores[row].double(), expected, rtol=1e-3, atol=0.05)
