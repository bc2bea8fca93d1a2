"""Rows of the captions table from what runs say of whole images, and of the agreement table from what people say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..protocols import captions
from ..protocols.result import Result
from ..protocols.texts import TextSettings
from ..records import Caption, Split
from ..signature import Value
from ..tables import Column, Row
from .reader import Evaluated, Reader, naming, short
from .request import OF_RUNS, Protocol, Request


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a run that has captions of images; with `leave_one_out` also one of people."""
    made: list[Row] = []
    for run in runs:
        said = reader.captions(run.info, regions=False)
        perplexity, vocabulary = perplexity_of(run)
        with naming(run.info):
            split = reader.split_of(run.info)
            result = captions.evaluate(
                by_image(said, split),
                references_of(split),
                text_settings(reader, {**run.about_captions(), **vocabulary}),
                leave_one_out=reader.request.leave_one_out,
                perplexity=perplexity,
            )
        made.append(reader.keep(run, run.name_of_captions, result))
    if reader.request.leave_one_out:
        split = reader.split_of(runs[0].info)
        made.append(human_row("people", captions.agreement(references_of(split), _people_settings(reader, split))))
    if len(counts := {row.values["nrefs"].value for row in made}) == 1:
        reader.references = counts.pop()
    return made


def agreement_rows(reader: Reader, split: Split) -> list[Row]:
    """How well each of an image's sentences agrees with its others."""
    found = captions.people(references_of(split), _people_settings(reader, split))
    return [human_row(name, result) for name, result in found.items()]


def human_row(name: str, result: Result) -> Row:
    """A row about people."""
    return Row(
        name, result.values, "human", signature=result.signature, notes=result.notes, sampled=result.sampled
    )  # fmt: skip


def by_image(said: Sequence[Caption], split: Split) -> dict[str, str]:
    """The captions of a run by the keys of its images."""
    keys = {image.id: image.key for image in split.images}
    return {keys.get(caption.image_id, str(caption.image_id)): caption.text for caption in said}


def references_of(split: Split) -> dict[str, list[str]]:
    """The sentences of each image, in the split's order."""
    keys = {image.id: image.key for image in split.images}
    found: dict[str, list[str]] = {key: [] for key in keys.values()}
    for sentence in split.sentences:
        found[keys[sentence.image_id]].append(sentence.text)
    return found


def text_settings(reader: Reader, about: Mapping[str, Value]) -> TextSettings:
    """As asked for; what is counted is kept in the workspace."""
    request = reader.request
    return TextSettings(
        request.protocol, request.profile, request.seed, request.resamples, about, reader.statistics_cache
    )  # fmt: skip


def perplexity_of(run: Evaluated) -> tuple[float | None, dict[str, Value]]:
    """The perplexity of a run, where it was measured, and what makes two of them comparable, for the signature."""
    known = run.info.provenance.get("perplexity")
    if not isinstance(known, dict):
        return (None if known is None else float(known)), {}
    rate = known.get("oov_rate")
    oov = known.get("oov") if rate is None else f"{known.get('oov', 'unknown')},{rate:.1f}%"
    return float(known["value"]), {"vocabulary": known.get("words"), "oov": oov}


def _people_settings(reader: Reader, split: Split) -> TextSettings:
    about: dict[str, Value] = {"dataset": split.dataset, "split": split.name, "data": short(split.fingerprint)}
    return text_settings(reader, about)


def text_columns(request: Request) -> Sequence[Column]:
    of_phrases = request.protocol == "regions" or request.of == "phrases"
    leading = (1, 2) if of_phrases else (1, 4)
    stem = "precision" if request.profile == "individual" else "bleu"
    title = "p" if request.profile == "individual" else "B-"
    return (
        Column("perplexity", "PPL", best="low", spare=1),
        *(Column(f"{stem}{n}", f"{title}{n}", spare=0 if n in leading else n) for n in range(1, 5)),
        Column("rouge_l", "ROUGE-L", spare=5),
        Column("cider", "CIDEr-D"),
        Column("nrefs", "refs", best=None),
    )


MEANING = (
    "B-n: BLEU up to n-grams, ROUGE-L and CIDEr-D, all in percent (CIDEr-D 78.9 is what others print as 0.789); "
    "refs: references a hypothesis is scored against."
)

PROTOCOL = Protocol(
    text_columns,
    f"{MEANING} PPL: perplexity a word, not comparable between vocabularies.",
    rows,
    "captions",
    OF_RUNS | {"profile", "leave_one_out"},
    lambda request: "vsa run --backend rnn",
)
