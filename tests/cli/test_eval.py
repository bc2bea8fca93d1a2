"""`vsa eval` over a real workspace with made-up photos and scores."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root
from vsa_toolkit.db.workspace import create_workspace
from vsa_toolkit.format import Format, Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, RegionBox, SentenceText
from vsa_toolkit.store import RunBatch, Store

IMAGES = 8


class TwoSplits(Format):
    """Half of the images in val, half in test; one sentence each, its noun grounded."""

    name = "made-up"

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        for i in range(IMAGES):
            file = path / f"{i}.png"
            Image.new("RGB", (100, 50), (i * 20, 0, 0)).save(file)
            yield ImageBundle(
                key=str(i),
                file=ImageFile(str(i), file, "val" if i < IMAGES // 2 else "test"),
                sentences=(SentenceText(0, f"A dog number {i}."),),
                regions=(RegionBox("r", (50, 0, 50, 50)),),
                groundings=(GroundingSpan(0, 0, 5, ("r",)),),
            )


def add_runs(store: Store, seed: int) -> None:
    checkpoint = store.create_checkpoint("brnn", "made-up", "boxes", "eyes", {}, {"seed": seed})
    store.finish_checkpoint(checkpoint.id, "0" * 64, {})
    for name in ("val", "test"):
        split = store.read_split("made-up", name, "boxes")
        run = store.create_run(store.read_checkpoint(checkpoint.id), split, {}, {})
        rng = np.random.default_rng([seed, len(name)])
        images = len(split.images)
        regions = len(split.regions) // images
        store.save_batch(
            run.id,
            RunBatch(
                [image.id for image in split.images],
                rng.normal(size=(images, images)).astype(np.float32),
                rng.normal(size=(4 * images, regions)).astype(np.float32),
            ),
        )
        store.finish_run(run.id, split, {})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    photos = tmp_path_factory.mktemp("photos")
    with create_workspace(tmp_path_factory.mktemp("home") / "w") as made:
        store = made.store
        run_import(store, TwoSplits(TwoSplits.Options()), photos)
        regions = store.create_region_set("made-up", "boxes", "hand", {})
        boxes = [RegionBox("left", (0, 0, 50, 50), "person", 0.9), RegionBox("right", (52, 0, 48, 50), "dog", 0.5)]
        store.save_regions(regions, [(image.id, boxes) for image in store.read_images("made-up")])
        store.finish_region_set(regions)
        add_runs(store, 0)
        add_runs(store, 1)
        return made.folder


def vsa_eval(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), "eval", *arguments], catch_exceptions=False)


def test_retrieval_prints_the_json_that_other_programs_read(workspace):
    result = vsa_eval(workspace, "--protocol", "retrieval", "--format", "json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["schema"], found["protocol"], len(found["rows"])) == (1, "retrieval", 2)
    row = found["rows"][0]
    assert (row["run"], row["source"], row["backend"]) == (2, "run", "brnn")
    assert set(row["values"]) == {f"{d}_{v}" for d in ("i2t", "t2i") for v in ("r1", "r5", "r10", "medr")}
    value = row["values"]["i2t_r1"]
    assert value["low"] <= value["value"] <= value["high"]
    assert "ties:half" in row["signature"]


def test_grounding_prints_accuracy_pointing_and_the_upper_bound(workspace):
    result = vsa_eval(workspace, "--protocol", "grounding", "--format", "json", "--resamples", "50")
    rows = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    fixed = rows.pop("centre box, half as wide and high")  # no region of the set: it has one guess only
    assert set(fixed["values"]) == {"accuracy", "pointing", "upper_bound"}
    assert all(set(row["values"]) == {"accuracy", "r5", "r10", "pointing", "upper_bound"} for row in rows.values())
    assert rows["class name, no training"]["values"]["accuracy"]["value"] == 100
    assert rows["class name, no training"]["source"] == "baseline"
    assert rows["most confident detection"]["values"]["accuracy"]["value"] == 0
    assert "brnn, seed 0 (run 2): with priors, MRF" in rows


@pytest.mark.parametrize("output", ["rich", "markdown", "latex", "csv"])
def test_every_format_prints_every_row_and_signature(workspace, output, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    result = vsa_eval(workspace, "--protocol", "retrieval", "--mean-of-seeds", "--format", output)
    assert result.exit_code == 0
    text = result.stdout.replace(r"\textbar{}", "|").replace(r"\|", "|")
    assert "brnn, seed 0 (run 2)" in text
    assert "brnn, mean of 2 seeds" in text
    assert "protocol:retrieval|dataset:made-up" in text.replace(r"\_", "_")


def test_csv_is_a_table_of_numbers(workspace):
    result = vsa_eval(workspace, "--protocol", "retrieval", "--run", "2", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert float(row["i2t_r10_low"]) <= float(row["i2t_r10"])


def test_a_run_that_is_not_there_is_wrong_use(workspace):
    from vsa_toolkit.errors import UserError

    with pytest.raises(UserError, match="there is no run 99"):
        vsa_eval(workspace, "--protocol", "retrieval", "--run", "99")


def test_without_a_protocol_the_command_says_which_there_are(workspace):
    result = vsa_eval(workspace)
    assert result.exit_code == 2
    assert "retrieval" in result.output


def test_help_shows_an_example():
    result = CliRunner().invoke(root, ["eval", "--help"])
    assert "vsa eval --protocol retrieval" in result.output


def test_every_protocol_can_be_asked_for():
    from vsa_toolkit.cli.eval import PROTOCOLS as named
    from vsa_toolkit.evaluation import PROTOCOLS

    assert set(named) == set(PROTOCOLS)


def test_every_option_that_a_protocol_reads_is_one_of_the_command():
    from vsa_toolkit.cli.eval import command
    from vsa_toolkit.evaluation import PROTOCOLS

    options = {parameter.name for parameter in command.params}
    assert all(protocol.options <= options for protocol in PROTOCOLS.values())
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_an_option_of_another_protocol_is_wrong_use_rather_than_without_effect(workspace):
    result = vsa_eval(workspace, "--protocol", "retrieval", "--boxes", "merged")
    assert result.exit_code == 2
    assert "--boxes is for --protocol grounding or proxy, not retrieval" in result.output


def test_people_who_said_one_thing_each_cannot_agree(workspace):
    from vsa_toolkit.errors import DataError

    with pytest.raises(DataError, match=r"4 of 4 images .* have fewer than two sentences"):
        vsa_eval(workspace, "--protocol", "agreement", "--format", "json")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["agreement", "--run", "2"], "--run is for --protocol retrieval or"),
        (["agreement", "--mean-of-seeds"], "--mean-of-seeds is for --protocol retrieval or"),
        (["agreement", "--campaign", "pilot"], "--campaign needs --of phrases or campaign."),
        (["agreement", "--by", "image"], "--by needs --of campaign."),
        (["agreement", "--pool", "iou"], "--pool needs --of phrases."),
        (["agreement", "--of", "campaign", "--pool", "iou"], "--pool needs --of phrases."),
        (["agreement", "--of", "phrases", "--iou", "0.3"], "--iou needs --pool iou, or --campaign."),
        (["regions", "--iou", "0.3"], "--iou needs --pool iou, or --campaign."),
        (["retrieval", "--val", "val"], "--val needs --combine."),
        (["judgements", "--split", "val"], "--split is for --protocol retrieval or"),
        (["judgements", "--run", "2"], "--run is for --protocol retrieval or"),
    ],
)
def test_an_option_that_would_do_nothing_is_wrong_use(workspace, arguments, says):
    result = vsa_eval(workspace, "--protocol", *arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_a_run_over_another_split_than_the_one_that_was_named_is_wrong_use(workspace):
    from vsa_toolkit.errors import UserError

    assert vsa_eval(workspace, "--protocol", "retrieval", "--run", "1", "--resamples", "0").exit_code == 0
    with pytest.raises(UserError, match="run 1 is over split 'val', not 'test'"):
        vsa_eval(workspace, "--protocol", "retrieval", "--run", "1", "--split", "test")


def test_the_deviation_over_seeds_stays_in_a_narrow_terminal(workspace, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = vsa_eval(workspace, "--protocol", "retrieval", "--mean-of-seeds", "--resamples", "20")
    assert result.stdout.count("±") > 2
    assert "i2t R@5" in result.stdout
