"""Captions as a user makes them: train, run and evaluate generators on simulated scenes; and what goes wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit import runner
from vsa_toolkit.cli import main, root
from vsa_toolkit.db.workspace import Workspace, open_workspace
from vsa_toolkit.decoding import Decoding
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import Caption
from vsa_toolkit.runner import Compute, Describe, EncoderChoice
from vsa_toolkit.scenes import Counts, write_scenes
from vsa_toolkit.snippet_pairs import read_pairs
from vsa_toolkit.text import words

SMALL = ["-o", "epochs=2", "-o", "hidden=16", "-o", "word_dimension=8", "-o", "min_count=1"]
ALIGNER = ["-o", "epochs=2", "-o", "dimension=16", "-o", "global_dimension=16", "-o", "bottleneck=16", "-o", "images=8"]
HUGE = "1" + 25 * "0"
FROM_RUN = ["train", "--backend", "rnn", "-o", "train_on=regions", "--from-run", "1"]
EYES = EncoderChoice("colour-texture")


def vsa(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes with regions; checkpoints 1 to 5: brnn, rnn, mrnn, rnn of regions, nearest; run 1 aligned the train split,
    run 2 are the captions of rnn on the test split."""
    folder = tmp_path_factory.mktemp("describing")
    write_scenes(folder / "scenes", Counts(24, 8, 8), seed=0)
    space, eyes = folder / "space", ["--encoder", "colour-texture"]
    assert CliRunner().invoke(root, ["init", str(space)], catch_exceptions=False).exit_code == 0
    steps = [
        ["import", "scenes", str(folder / "scenes")],
        ["propose", "--proposer", "blobs", "-k", "4"],
        ["train", "--backend", "brnn", *eyes, *ALIGNER, "-o", "min_count=1"],
        ["run", "--backend", "brnn", "--split", "train", "--produce", "alignments"],
        ["train", "--backend", "rnn", *eyes, *SMALL],
        ["run", "--backend", "rnn", "--beam", "3"],
        ["train", "--backend", "mrnn", *eyes, *SMALL, "-o", "multimodal=16"],
        ["train", "--backend", "rnn", *eyes, *SMALL, "-o", "train_on=regions", "--from-run", "1"],
        ["train", "--backend", "nearest", *eyes],
    ]
    for step in steps:
        done = vsa(space, *step)
        assert done.exit_code == 0, done.output
    return space


@pytest.fixture
def space(finished: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of it that a test may spoil."""
    shutil.copytree(finished, tmp_path / "space")
    with open_workspace(tmp_path / "space") as opened:
        yield opened


def said(space: Workspace, run: int) -> list[Caption]:
    return space.store.read_captions(run)


# Whole photos ----------------------------------------------------------------------------------------------


def test_every_photo_gets_a_caption_with_its_log_probability(space: Workspace) -> None:
    captions = said(space, 2)
    images = space.store.read_images("scenes", "test")
    assert [c.image_id for c in captions] == [image.id for image in images]
    assert all(c.text and c.region_id is None and c.log_probability is not None for c in captions)
    assert all(c.log_probability < 0 for c in captions if c.log_probability is not None)


def test_the_captions_table_shows_the_run_with_its_perplexity(finished: Path) -> None:
    shown = json.loads(vsa(finished, "eval", "--protocol", "captions", "--format", "json").stdout)
    row = next(row for row in shown["rows"] if row["run"] == 2)
    measured = json.loads(vsa(finished, "runs", "show", "2").stdout)["provenance"]["perplexity"]
    assert row["values"]["perplexity"]["value"] == pytest.approx(measured["value"])
    assert measured["oov"] == "removed"
    with open_workspace(finished) as space:
        assert measured["sentences"] == len(space.store.read_split("scenes", "test", "frame").sentences)


def test_beam_and_normalisation_are_part_of_the_run(space: Workspace) -> None:
    options = space.store.read_run(2).options
    assert {k: options[k] for k in ("produce", "on", "beam", "length_normalisation", "max_words")} == {
        "produce": ["captions"], "on": "frames", "beam": 3, "length_normalisation": 0.0, "max_words": 20,
    }  # fmt: skip
    one = space.run("rnn", checkpoint=2, describe=Describe(decoding=Decoding(1, max_words=4)))
    assert one.id != 2
    assert all(len(c.text.split()) <= 4 for c in said(space, one.id))


def test_the_same_seed_samples_the_same_captions(space: Workspace) -> None:
    runs = []
    for seed in (0, 0, 1):
        how = Describe(decoding=Decoding(temperature=1.5))
        runs.append(space.run(checkpoint=2, split="val", describe=how, compute=Compute(seed=seed)))
    texts = [[c.text for c in said(space, run.id)] for run in runs]
    assert texts[0] == texts[1] != texts[2]
    assert [run.options["seed"] for run in runs] == [0, 0, 1]  # one seed does not go on with what another one began


def test_an_interrupted_run_of_captions_goes_on_and_says_the_same(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = said(space, 2)
    space.store.delete_run(2)
    monkeypatch.setattr(runner, "DESCRIBED_TOGETHER", 2)
    save, calls = space.store.save_batch, []

    def twice(run_id: int, batch: runner.RunBatch) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(batch.image_ids)
        save(run_id, batch)

    with monkeypatch.context() as patch:
        patch.setattr(space.store, "save_batch", twice)
        with pytest.raises(KeyboardInterrupt):
            space.run(checkpoint=2, describe=Describe(decoding=Decoding(3)), compute=Compute(batch_size=2))
    again = space.run(checkpoint=2, describe=Describe(decoding=Decoding(3)), compute=Compute(batch_size=2))
    assert [(c.image_id, c.text) for c in said(space, again.id)] == [(c.image_id, c.text) for c in whole]


def test_mrnn_ranks_and_describes_in_one_run(space: Workspace) -> None:
    made = space.run("mrnn")
    assert made.options["produce"] == ["captions", "scores"]
    scores = space.store.read_run_array(made.id, "scores")
    split = space.store.read_split("scenes", "test", "frame")
    assert scores.shape == (8, len(split.sentences))
    assert np.isfinite(scores).all()
    assert len(said(space, made.id)) == 8
    assert any(row.run == made.id for row in space.evaluate("retrieval").rows)


def test_rnn_ranks_where_it_is_asked_to(space: Workspace) -> None:
    made = space.run("rnn", checkpoint=2, produce=["scores"], compute=Compute(batch_size=3))
    assert np.isfinite(space.store.read_run_array(made.id, "scores")).all()
    assert "perplexity" not in made.provenance


def test_nearest_has_no_probabilities(space: Workspace) -> None:
    made = space.run("nearest")
    assert all(c.log_probability is None for c in said(space, made.id))
    assert "perplexity" not in made.provenance
    known = {" ".join(words(s.text)) for s in space.store.read_split("scenes", "train", "frame").sentences}
    assert {c.text for c in said(space, made.id)} <= known


# Regions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checkpoint", [2, 4, 5])
def test_every_region_that_people_drew_gets_a_caption(space: Workspace, checkpoint: int) -> None:
    made = space.run(checkpoint=checkpoint, describe=Describe("human-regions"))
    split = space.store.read_split("scenes", "test", "scenes")
    assert made.region_set == "scenes"
    assert {c.region_id for c in said(space, made.id)} == {r.id for r in split.regions if not r.is_frame}
    assert all(c.text for c in said(space, made.id))
    assert "perplexity" not in made.provenance


def test_a_proposers_regions_are_described_too(space: Workspace) -> None:
    made = space.run(checkpoint=2, describe=Describe("regions"), split="val")
    split = space.store.read_split("scenes", "val", "blobs-k4")
    assert made.region_set == "blobs-k4"
    assert {c.region_id for c in said(space, made.id)} == {r.id for r in split.regions if not r.is_frame}


def test_the_regions_table_has_a_row_for_each_model_and_one_for_people(finished: Path) -> None:
    for checkpoint in ("2", "4"):
        assert vsa(finished, "run", "--checkpoint", checkpoint, "--on", "human-regions").exit_code == 0
    shown = vsa(finished, "eval", "--protocol", "regions", "--no-published", "--format", "json")
    rows = json.loads(shown.stdout)["rows"]
    assert [row["source"] for row in rows] == ["run", "run", "human"]
    assert all("perplexity" not in row["values"] for row in rows)


def test_regions_with_snippets_are_what_is_learnt_from_and_a_twentieth_of_the_photos_is_held_out(
    space: Workspace,
) -> None:
    pairs, held_out = read_pairs(space.store, 1)
    every = space.store.read_snippets(1)
    assert sorted([*pairs.snippets, *held_out.snippets], key=repr) == sorted(every, key=repr)
    images = space.store.read_images("scenes", "train")
    assert {region.image_id for region in held_out.split.regions} <= {images[19].id}
    assert images[19].id not in {region.image_id for region in pairs.split.regions}
    made = space.store.read_checkpoint(4)
    assert made.region_set == "blobs-k4"
    assert made.provenance["train"]["run"] == 1
    assert "held out" in made.provenance["val"]["photos"]


def test_a_region_models_rows_are_regions_and_its_sentences_snippets(space: Workspace) -> None:
    from vsa_toolkit.backend import Layout
    from vsa_toolkit.features import gather

    pairs, _ = read_pairs(space.store, 1)
    encoder = EYES.load(space.folder, Compute().torch_device())
    split = pairs.split
    features, counts = gather(space.folder, encoder, split.images, split.regions)
    from vsa_toolkit.examples import build_examples

    layout = Layout(encoder.dimension)
    examples = pairs.examples(build_examples(split, features, counts, layout))
    assert examples.features.shape == (len(split.regions), 1, encoder.dimension)
    place = {image.id: row for row, image in enumerate(split.images)}
    inside = {image.id: 0 for image in split.images}
    for row, region in enumerate(split.regions):
        assert examples.features[row, 0].equal(features[place[region.image_id], inside[region.image_id]])
        inside[region.image_id] += 1
    of_row = {split.regions[row].id for row in examples.sentence_image.tolist()}
    assert of_row == {snippet.region_id for snippet in pairs.snippets}
    assert examples.sentences[0] == words(pairs.snippets[0].text)


def test_nearest_of_regions_keeps_its_alignment_model_inside(space: Workspace) -> None:
    pairs = ["train_on=regions", "min_words=1", "min_count=1"]
    made = space.train("nearest", pairs=pairs, encoder=EYES, from_run=1)
    shutil.rmtree(space.store.read_checkpoint(1).folder)
    run = space.run(checkpoint=made.id, describe=Describe("human-regions"))
    known = {" ".join(words(snippet.text)) for snippet in space.store.read_snippets(1)}
    assert {c.text for c in said(space, run.id)} <= known


# vsa caption -----------------------------------------------------------------------------------------------


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "holiday.png"
    Image.new("RGB", (120, 90), (200, 30, 30)).save(file)
    return file


def test_anyones_photo_is_described_without_importing_it(finished: Path, photo: Path) -> None:
    done = vsa(finished, "caption", str(photo), "--checkpoint", "2", "--format", "json")
    (row,) = json.loads(done.stdout)
    assert (row["photo"], row["box"]) == ("holiday.png", "")
    assert row["caption"]
    assert row["log_probability"] < 0


def test_boxes_of_a_photo_are_described_and_drawn(finished: Path, photo: Path, tmp_path: Path) -> None:
    boxes = ["--boxes", "10,10,50,40", "--boxes", "60,20,900,30"]
    for out in (tmp_path / "made" / "out.png", tmp_path / "out.jpg"):
        done = vsa(finished, "caption", str(photo), "--checkpoint", "4", *boxes, "--out", str(out), "--format", "json")
        assert [row["box"] for row in json.loads(done.stdout)] == ["10,10,50,40", "60,20,60,30"]
        with Image.open(out) as picture:
            assert picture.width == 960


def test_a_photo_of_the_dataset_gets_the_caption_that_its_run_gave_it(space: Workspace) -> None:
    image = space.store.read_images("scenes", "test")[3]
    done = vsa(space.folder, "caption", str(image.file), "--checkpoint", "2", "--beam", "3", "--format", "json")
    assert json.loads(done.stdout)[0]["caption"] == said(space, 2)[3].text


def test_a_whole_photo_named_as_a_box_is_the_photo(finished: Path, photo: Path) -> None:
    whole = vsa(finished, "caption", str(photo), "--checkpoint", "2", "--format", "json")
    boxed = vsa(finished, "caption", str(photo), "--checkpoint", "2", "--boxes", "0,0,120,90", "--format", "json")
    assert json.loads(whole.stdout)[0]["caption"] == json.loads(boxed.stdout)[0]["caption"]


def test_several_photos_are_drawn_to_a_folder_and_the_newest_describer_is_taken(
    finished: Path, photo: Path, tmp_path: Path
) -> None:
    other = photo.with_name("other.png")
    shutil.copy(photo, other)
    done = vsa(finished, "caption", str(photo), str(other), "--out", str(tmp_path / "pictures"))
    assert "checkpoint 5: nearest" in done.stderr
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["holiday-caption.png", "other-caption.png"]


def test_captions_say_in_their_signature_how_they_were_chosen(finished: Path) -> None:
    """Two ways of decoding one model are two rows with two signatures."""
    for beam in ("1", "3"):
        assert vsa(finished, "run", "--checkpoint", "2", "--beam", beam, "--split", "val").exit_code == 0
    table = json.loads(vsa(finished, "eval", "--protocol", "captions", "--split", "val", "--format", "json").stdout)
    signatures = [row["signature"] for row in table["rows"] if row["source"] == "run" and row["backend"] == "rnn"]
    assert len(signatures) == len(set(signatures)) == 2
    assert any("decoding:greedy" in signature for signature in signatures)


def test_the_next_command_after_describing_a_proposers_regions_is_about_them(finished: Path) -> None:
    done = vsa(finished, "run", "--checkpoint", "4", "--on", "regions", "--split", "val")
    assert done.exit_code == 0
    assert "next: vsa eval --protocol dense" in done.output


def test_other_weights_than_a_checkpoint_was_finished_with_are_refused(finished: Path, tmp_path: Path) -> None:
    space = shutil.copytree(finished, tmp_path / "space")
    weights = next((space / "checkpoints" / "2").glob("weights*"))
    spoilt = bytearray(weights.read_bytes())
    spoilt[-8:] = bytes(8)
    weights.write_bytes(bytes(spoilt))
    for command in (["run", "--split", "val", "--beam", "2"], ["caption", str(tmp_path / "any.jpg")]):
        with pytest.raises(DataError, match="are not those that checkpoint 2 was finished with"):
            vsa(space, *command, "--checkpoint", "2")


# Wrong use -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--checkpoint", "1", "--produce", "captions"], "makes no captions: --produce scores,alignments"),
        (["run", "--checkpoint", "5", "--produce", "scores"], "makes no scores"),
        (["run", "--checkpoint", "2", "--produce", "poems"], "not 'poems'"),
        (["run", "--checkpoint", "3", "--produce", "scores", "--on", "human-regions"], "captions alone"),
        (["run", "--checkpoint", "1", "--on", "human-regions"], "brnn' makes none"),
        (["run", "--checkpoint", "1", "--produce", ""], "names nothing"),
        (["run", "--checkpoint", "2", "--length-normalisation", "nan"], "nan is not a number that counts"),
        (["run", "--checkpoint", "2", "--length-normalisation", "inf"], "--length-normalisation"),
        (["run", "--checkpoint", "2", "--beta", "0.5"], "beta smooths alignments, and this run makes none"),
        (["run", "--checkpoint", "2", "--beta", "inf"], "inf is not a number that counts"),
        (["run", "--checkpoint", "2", "--temperature", "1e-300"], "--temperature"),
        (["run", "--checkpoint", "2", "--beam", "1000000"], "--beam"),
        (["run", "--checkpoint", "2", "--seed", "99999999999999999999"], "--seed"),
        (["caption", "holiday.png", "--seed", "99999999999999999999"], "--seed"),
        (["caption", "holiday.png", "--checkpoint", HUGE], f"'--checkpoint': nothing can have the number {HUGE}"),
        (["run", "--checkpoint", HUGE], f"'--checkpoint': nothing can have the number {HUGE}"),
        (["train", "--backend", "rnn", "--from-run", HUGE], f"'--from-run': nothing can have the number {HUGE}"),
        (["runs", "show", HUGE], f"nothing can have the number {HUGE}"),
        (["checkpoints", "delete", HUGE], f"nothing can have the number {HUGE}"),
        (["phrases", "delete", "0"], "nothing can have the number 0"),
        (["run", "--checkpoint", "2", "--batch-size", HUGE], "--batch-size"),
        (["propose", "--proposer", "grid", "-k", HUGE], "-k"),
        (["run", "--checkpoint", "2", "--campaign", "first"], "--on human-regions"),
        (["run", "--checkpoint", "2", "--on", "human-regions", "--campaign", "first"], "no campaign 'first'"),
        (["run", "--checkpoint", "2", "--beam", "0"], "--beam"),
        (["run", "--checkpoint", "2", "--temperature", "0"], "--temperature"),
        (["train", "--backend", "rnn", "-o", "train_on=regions"], "--from-run N"),
        (["train", "--backend", "rnn", "--from-run", "1"], "--from-run is for backends"),
        (["train", "--backend", "rnn", "-o", "train_on=regions", "--from-run", "2"], "run 2 aligned nothing"),
        (["train", "--backend", "rnn", "-o", "train_on=regions", "--from-run", "99"], "99"),
        (
            ["train", "--backend", "rnn", "-o", "train_on=regions", "--from-run", "1", "--regions", "frame"],
            "'blobs-k4'",
        ),
        ([*FROM_RUN, "--train-split", "val"], "run 1 is of the split 'train', not 'val'"),
        ([*FROM_RUN, "--val-split", "val"], "leave --val-split out"),
        ([*FROM_RUN, "--encoder", "efficientnet-lite0"], "'colour-texture roi-align', not of 'efficientnet-lite0"),
        ([*FROM_RUN, "--mode", "crop"], "'colour-texture roi-align', not of 'efficientnet-lite0 crop'"),
        (["train", "--backend", "rnn", "-o", "recurrence=elman"], "recurrence"),
        (["caption", "holiday.png", "--boxes", "1,2,3"], "four numbers"),
        (["caption", "holiday.png", "--boxes", "500,2,3,4"], "outside the image"),
        (["caption", "holiday.png", "other.png", "--boxes", "1,2,3,4"], "one photo"),
        (["caption", "holiday.png", "other.png", "--out", "x.png"], "folder"),
        (["caption", "holiday.png", "--out", "x.gif"], "png"),
        (["caption", "holiday.png", "--out", "holiday.png"], "the photo itself"),
        (["caption", "holiday.png", "--checkpoint", "1"], "describes neither"),
        (["caption"], "PHOTO"),
    ],
)
def test_wrong_use_gets_one_sentence_and_exit_code_2(
    finished: Path, arguments: list[str], says: str, photo: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(photo.parent)
    shutil.copy(photo, photo.with_name("other.png"))
    with pytest.raises(SystemExit) as stopped:
        main(["--workspace", str(finished), *arguments])
    error = capsys.readouterr().err
    assert says in error
    assert stopped.value.code == 2
    assert "Traceback" not in error


def test_a_photo_that_is_none_is_one_sentence(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    for name in ("text.jpg", "missing.jpg"):
        with pytest.raises(DataError, match=name):
            vsa(finished, "caption", str(tmp_path / name), "--checkpoint", "2")


def test_a_photo_that_cannot_be_read_is_named_and_the_others_are_described(
    finished: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photo.parent / "text.jpg").write_text("no photo")
    photos = [photo.parent / "text.jpg", photo, photo.parent / "missing.jpg"]
    words = ["--workspace", str(finished), "caption", *map(str, photos), "--checkpoint", "2", "--format", "json"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--out", str(photo.parent / "pictures")])
    said = capsys.readouterr()
    assert stopped.value.code == 1
    assert [row["photo"] for row in json.loads(said.out)] == ["holiday.png"]
    assert [path.name for path in (photo.parent / "pictures").iterdir()] == ["holiday-caption.png"]
    assert "text.jpg is no photo" in said.err
    assert "missing.jpg does not exist" in said.err
    assert said.err.endswith("Error: 2 of 3 photos were left out, for the reasons above.\n")


def test_a_picture_never_takes_the_place_of_one_of_the_photos(finished: Path, photo: Path) -> None:
    other = shutil.copy(photo, photo.with_name("holiday-caption.png"))
    with pytest.raises(UserError, match=r"holiday-caption\.png is itself one of the photos"):
        vsa(finished, "caption", str(photo), str(other), "--out", str(photo.parent))


def test_a_checkpoint_of_another_encoder_is_refused_naming_both(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = runner.feature_spec
    monkeypatch.setattr(runner, "feature_spec", lambda encoder, mode: {**same(encoder, mode), "weights": "others"})
    with pytest.raises(DataError, match=r"checkpoint 2 .*colour-texture.*weights"):
        space.run(checkpoint=2, split="val")


def test_without_a_describing_checkpoint_caption_says_how_to_get_one(tmp_path: Path, photo: Path) -> None:
    CliRunner().invoke(root, ["init", str(tmp_path / "empty")], catch_exceptions=False)
    with pytest.raises(UserError, match="vsa train --backend rnn"):
        vsa(tmp_path / "empty", "caption", str(photo))


def test_a_split_that_changed_since_it_was_aligned_is_refused(space: Workspace) -> None:
    from sqlalchemy import text

    with space.database.write() as session:
        session.execute(text("UPDATE sentences SET text = 'something else' WHERE id = (SELECT min(id) FROM sentences)"))
    with pytest.raises(DataError, match="changed since run 1 aligned it"):
        space.train("rnn", pairs=[*SMALL[1::2], "train_on=regions"], encoder=EYES, from_run=1)
