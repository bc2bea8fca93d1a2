"""How many sentences our Python tokeniser cuts otherwise than the Java program of coco-caption, and how fast.

    VSA_TEST_DATA=… python benchmarks/ptb_tokens.py

Needs Java and pycocoevalcap. "as it runs": the whole file, as pycocoevalcap gives it, where a text that ends in an
initial ("reads K.") is cut by what the next text begins with. "alone": a line between the texts keeps them apart.
"edited": captions with made-up edits (punctuation, quotes, numbers, abbreviations glued on), alone: harder than any
real caption.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pycocoevalcap
from pycocoevalcap.tokenizer import ptbtokenizer
from timing import timed

from vsa_toolkit.metrics.ptb import ptb_tokens

GLUED = [*".,;:!?'\"()-/&#%*+=@_[]$", "...", "'s", "n't", " - ", " -- ", "“", "”", "é", "'"]
ODD = ["St.", "Mr.", "U.S.", "t.v.", "a.m.", "e.g.", "etc.", "Jan.", "don't", "it's", "dogs'", "o'clock", "'n'", "#1"]
NUMBERS = ["1", "12", "1990", "3.5", "1,000", "1/2", "2nd", "10:30", "5-year-old", "'90s", "50%", "$5", "6ft."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edited", type=int, default=20000, help="how many captions with made-up edits")
    options = parser.parse_args()
    if "VSA_TEST_DATA" not in os.environ:
        raise SystemExit("skipped: VSA_TEST_DATA names no folder with the captions.")
    folder = Path(os.environ["VSA_TEST_DATA"])
    captions: list[str] = []
    print("| corpus | texts | differ as it runs | differ alone | Python, texts a second |\n|---|---|---|---|---|")
    for name, read in CORPORA.items():
        texts = list(read(folder))
        captions += texts
        differ = sum(mine != theirs for mine, theirs in zip(map(ptb_tokens, texts), java(texts), strict=True))
        print(f"| {name} | {len(texts):,} | {differ} | {alone(texts)} | {speed(texts):,.0f} |", flush=True)
    generator = random.Random(0)
    edited = [edit(generator.choice(captions), generator) for _ in range(options.edited)]
    print(f"| edited | {len(edited):,} | | {alone(edited)} | {speed(edited):,.0f} |")


def alone(texts: list[str]) -> int:
    """How many differ with a neutral line after each, so that the next text has no say."""
    apart = java([line for text in texts for line in (text, "#")])[::2]
    return sum(ptb_tokens(text) != theirs for text, theirs in zip(texts, apart, strict=True))


def speed(texts: list[str]) -> float:
    return len(texts) / timed(lambda: [ptb_tokens(text) for text in texts])[0]


def java(texts: list[str]) -> list[list[str]]:
    """The program that pycocoevalcap starts, with its options; UTF-8 is said, as Java before 18 asks the locale."""
    jar = Path(pycocoevalcap.__path__[0]) / "tokenizer" / ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.txt"
        file.write_text("\n".join(text.replace("\n", " ") for text in texts), encoding="utf-8")
        program = "edu.stanford.nlp.process.PTBTokenizer"
        command = ["java", "-Dfile.encoding=UTF-8", "-cp", jar, program, "-preserveLines", "-lowerCase", file]
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    lines = out.split("\n")[: len(texts)]
    dropped = frozenset(ptbtokenizer.PUNCTUATIONS)
    return [[token for token in line.split() if token not in dropped] for line in lines]


def edit(caption: str, generator: random.Random) -> str:
    words = caption.split()
    for _ in range(generator.randint(1, 3)):
        at = generator.randrange(len(words))
        words[at] = generator.choice(EDITS)(words[at], generator)
    return " ".join(words)


EDITS: list[Callable[[str, random.Random], str]] = [
    lambda word, generator: word + generator.choice(GLUED),
    lambda word, generator: generator.choice(GLUED) + word,
    lambda word, generator: f'"{word}"',
    lambda word, generator: generator.choice(ODD),
    lambda word, generator: generator.choice(NUMBERS),
    lambda word, generator: word + generator.choice("-/'.&") + word,
    lambda word, generator: word.capitalize() + generator.choice([".", "'s", "!", ""]),
]


def flickr8k(folder: Path) -> Iterator[str]:
    lines = (folder / "flickr8k" / "Flickr8k.token.txt").read_text(encoding="utf-8").split("\n")
    return (line.split("\t", 1)[1] for line in lines if line)


def entities(folder: Path) -> Iterator[str]:
    with tarfile.open(folder / "flickr30k_entities" / "flickr30k_entities.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".txt") and "Sentences" in member.name else None
            for line in file.read().decode("utf-8").splitlines() if file else ():
                yield re.sub(r"\[/EN#\S+ ", "", line).replace("]", "")


def coco(folder: Path) -> Iterator[str]:
    file = folder / "coco" / "captions_val2017.json"
    return (annotation["caption"] for annotation in json.loads(file.read_text(encoding="utf-8"))["annotations"])


CORPORA = {"Flickr8k": flickr8k, "Flickr30k Entities": entities, "COCO val2017": coco}


if __name__ == "__main__":
    main()
