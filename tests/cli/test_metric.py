from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from vsa_toolkit.cli import root
from vsa_toolkit.errors import VsaError

LINES = [
    {"id": 1, "text": "a dog runs on the grass", "references": ["a dog runs", "the dog runs on grass"], "image": "a"},
    {"id": 2, "text": "two cats sleep", "references": ["two cats sleep on a bed"], "image": "a"},
    {"id": 3, "text": "a man rides a zebra", "references": ["a man on a horse", "someone rides a horse"], "image": "b"},
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["metric", *map(str, arguments)])


def as_json(*arguments: object) -> Any:
    done = run(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*arguments: object) -> VsaError:
    error = run(*arguments).exception
    assert isinstance(error, VsaError)
    return error


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    return write(tmp_path / "captions.jsonl", LINES)


def write(file: Path, lines: list[dict[str, Any]]) -> Path:
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


def test_bleu_prints_the_shape_that_other_programs_read(captions: Path) -> None:
    shown = as_json("bleu", captions, "--profile", "multibleu")
    assert shown["schema"] == 1
    assert shown["signature"].startswith("metric:bleu|profile:multibleu|")
    assert list(shown["values"]) == ["bleu1", "bleu2", "bleu3", "bleu4"]
    first = shown["values"]["bleu1"]
    assert first["value"] == pytest.approx(100 * 13 / 14)
    assert first["low"] <= first["value"] <= first["high"]
    assert shown["counts"]["matched1"] == 13


def test_without_images_there_are_no_intervals(tmp_path: Path) -> None:
    file = write(tmp_path / "c.jsonl", [{k: v for k, v in line.items() if k != "image"} for line in LINES])
    shown = as_json("bleu", file)
    assert shown["values"]["bleu1"]["low"] is None
    assert "resample:none" in shown["signature"]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("rouge", ["rouge_l"]),
        ("cider", ["cider"]),
        ("chrf", ["chrf"]),
        ("distinct", ["distinct1", "distinct2", "distinct_captions"]),
    ],
)
def test_other_metrics_take_the_same_file(captions: Path, name: str, keys: list[str]) -> None:
    assert list(as_json(name, captions)["values"]) == keys


def test_captions_are_compared_with_training_sentences(captions: Path, tmp_path: Path) -> None:
    (tmp_path / "training.txt").write_text("Two cats sleep.\nanother\n", encoding="utf-8")
    shown = as_json("copied", captions, "-o", f"training={tmp_path / 'training.txt'}")
    assert shown["values"]["copied"]["value"] == pytest.approx(100 / 3)


def test_perplexity_states_its_vocabulary_and_its_rule(tmp_path: Path) -> None:
    file = write(tmp_path / "p.jsonl", [{"id": 1, "log_probability": -4.0, "tokens": 4}])
    shown = as_json("perplexity", file, "-o", "vocabulary=2538", "-o", "oov=unk")
    assert shown["values"]["perplexity"]["value"] == pytest.approx(np.e)
    assert "vocabulary:2538|oov:unk" in shown["signature"]
    assert "vocabulary" in str(refusal("perplexity", file))


def test_retrieval_reads_a_matrix_and_the_image_of_each_sentence(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    np.save(tmp_path / "scores.npy", scores)
    np.save(tmp_path / "shuffled.npy", scores[:, ::-1])
    np.save(tmp_path / "groups.npy", np.repeat(np.arange(4), 2)[::-1])
    plain = as_json("retrieval", tmp_path / "scores.npy")
    assert {f"{d}_{k}" for d in ("i2t", "t2i") for k in ("r1", "r5", "r10", "medr")} <= set(plain["values"])
    assert as_json("retrieval", tmp_path / "shuffled.npy", "--groups", tmp_path / "groups.npy") == plain
    table = run("retrieval", tmp_path / "scores.npy", "--format", "csv").stdout
    assert [line["name"] for line in csv.DictReader(io.StringIO(table))] == ["i2t", "t2i"]


@pytest.mark.parametrize("output", ["rich", "markdown", "latex", "csv"])
def test_every_format_shows_the_value_and_the_signature(captions: Path, output: str) -> None:
    shown = run("bleu", captions, "--profile", "multibleu", "--format", output).output.replace("\n", "")
    assert "92.8" in shown
    assert "profile" in shown


def test_segments_have_their_own_scores(captions: Path) -> None:
    rows = as_json("rouge", captions, "--segments")
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert all(0 < row["rouge_l"] <= 100 for row in rows)


def test_the_metric_in_the_documentation_runs_from_its_file(captions: Path, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    block = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    (tmp_path / "mine.py").write_text(block.group(1), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from vsa_toolkit.cli import main; main()", "--plugin", str(tmp_path / "mine.py"),
         "metric", "brevity", str(captions), "-o", "cut=4", "--format", "json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    assert shown["values"]["brevity"]["value"] == pytest.approx((4 + 3 + 4) / (3 + 6 + 4))
    assert shown["values"]["brevity"]["low"] is not None
    assert shown["signature"].startswith("metric:brevity|cut:4|nrefs:1–2|")


def test_bad_lines_are_refused_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    for line, reason in (
        ({"id": 9, "references": ["x"]}, 'line 4: there is no "text"'),
        ({"id": 9, "text": "x"}, 'line 4: there is no "references"'),
        ({"id": 9, "text": ["x"], "references": ["x"]}, 'line 4: "text" must be a string, not list'),
        ({"id": 9, "text": "x", "references": "x"}, 'line 4: "references" must be a list of strings'),
        ({"id": 9, "text": "", "references": ["x"], "image": "a"}, "1 of 4 segments ('9') has an empty hypothesis"),
        ({"id": 9, "text": "x", "references": [], "image": "a"}, "1 of 4 segments ('9') has no reference"),
        ({"id": 1, "text": "x", "references": ["x"], "image": "a"}, "1 of 3 ids have more than one prediction ('1')"),
        ({"id": 9, "text": "x", "references": ["x"]}, "1 of 4 segments ('9') has no image"),
    ):
        message = str(refusal("bleu", write(file, [*LINES, line])))
        assert "c.jsonl" in message
        assert reason in message


def test_bad_matrices_are_refused_by_file(tmp_path: Path) -> None:
    file = tmp_path / "scores.npy"
    np.save(file, np.array([[1.0, np.nan]]))
    assert "scores.npy: 1 of 2 scores are not finite" in str(refusal("retrieval", file))
    np.save(file, np.zeros((6, 2)))
    assert "looks transposed" in str(refusal("retrieval", file))
    np.save(tmp_path / "groups.npy", np.zeros(3, dtype=int))
    assert "2 columns of scores, but the image rows of 3 sentences" in str(
        refusal("retrieval", file, "--groups", tmp_path / "groups.npy")
    )
    file.write_bytes(b"\x93NUMPY torn")
    assert "scores.npy is no .npy file of numbers" in str(refusal("retrieval", file))
    with file.open("wb") as archive:
        np.savez(archive, a=np.zeros(2), b=np.zeros(2))
    assert "holds several arrays" in str(refusal("retrieval", file))


def test_wrong_use_is_said_with_the_way_out(captions: Path) -> None:
    assert "Did you mean 'bleu'" in str(refusal("bleuu", captions))
    assert "--profile is an option of bleu" in str(refusal("rouge", captions, "--profile", "coco"))
    assert "--groups is an option of retrieval" in str(refusal("rouge", captions, "--groups", captions))
    assert "retrieval has no scores of segments" in str(refusal("retrieval", captions, "--segments"))
    assert "Input should be 'coco', 'multibleu'" in str(refusal("bleu", captions, "--profile", "nist"))
