"""Tokens as Java's PTBTokenizer makes them, expected from runs of it, so that these tests need no Java.

ptb_sentences.tsv: sentences written for this test, each with the tokens that the program in pycocoevalcap 1.2
(CoreNLP 3.4.1) made of it alone. DIGESTS: of its tokens for whole corpora.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.metrics.ptb import ptb_tokens

LINES = (Path(__file__).parent / "ptb_sentences.tsv").read_text(encoding="utf-8").splitlines()
DIGESTS = {
    "flickr8k": (40460, "97a192e0a93bdb69ceda6188e83ebadc1aba187b6cde43366251bffb8e367482"),
    "flickr30k_entities": (40455, "c2a977d9d12f7d45bacaef972cb552717247f2f55b6b64da591cce3ef8ce1fb5"),
    "coco": (25014, "2983830fa046cf7b73494013d7071f9fb19c33208c2f2c06e350bfcbc434200e"),
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition("\t")[0])
def test_a_sentence_is_cut_as_java_cuts_it(line):
    sentence, tokens = line.split("\t")
    assert " ".join(ptb_tokens(sentence)) == tokens


@pytest.mark.parametrize("corpus", DIGESTS)
def test_every_sentence_of_a_corpus_is_cut_as_java_cuts_it(corpus, real_data: Path):
    sentences = list(CORPORA[corpus](real_data))
    digest = hashlib.sha256("\n".join(" ".join(ptb_tokens(s)) for s in sentences).encode()).hexdigest()
    assert (len(sentences), digest) == DIGESTS[corpus]


@given(st.text(st.sampled_from("aeb .,-'\"()!?0129&/#@:;$_’…é\n"), max_size=40))
def test_no_text_is_lost_but_punctuation(text):
    tokens = ptb_tokens(text)
    assert all(token and not token.isspace() and token == token.lower() for token in tokens)
    kept = re.sub(r"-(?:lrb|rrb)-", "", "".join(tokens))
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]


@given(
    st.lists(st.sampled_from(["dog", "T-shirt", "cannot", "man's", "St.", "5", "runs", ","]), min_size=1, max_size=8)
)
def test_more_blanks_between_words_change_nothing(words):
    assert ptb_tokens("   ".join(words) + " ") == ptb_tokens(" ".join(words))


@pytest.mark.parametrize("text", ["a-" * 20000, "a." * 20000, "'" * 20000, "<a " * 5000, "x@" * 5000, "9," * 10000])
def test_long_odd_texts_take_no_long_time(text):
    start = time.perf_counter()
    ptb_tokens(text)
    assert time.perf_counter() - start < 5


def flickr8k(folder: Path) -> Iterator[str]:
    lines = (folder / "flickr8k" / "Flickr8k.token.txt").read_text(encoding="utf-8").split("\n")
    return (line.split("\t", 1)[1] for line in lines if line)


def entities(folder: Path) -> Iterator[str]:
    with tarfile.open(folder / "flickr30k_entities" / "flickr30k_entities.tar.xz") as archive:
        for member in archive:
            if "Sentences" in member.name and member.name.endswith(".txt"):
                for line in archive.extractfile(member).read().decode("utf-8").splitlines():
                    yield re.sub(r"\[/EN#\S+ ", "", line).replace("]", "")


def coco(folder: Path) -> Iterator[str]:
    file = folder / "coco" / "captions_val2017.json"
    return (annotation["caption"] for annotation in json.loads(file.read_text(encoding="utf-8"))["annotations"])


CORPORA = {"flickr8k": flickr8k, "flickr30k_entities": entities, "coco": coco}
