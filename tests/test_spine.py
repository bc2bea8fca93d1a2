"""One way through the whole house on simulated scenes, as a user types it: init to tables; and what goes wrong."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from vsa_toolkit import runner, training_data
from vsa_toolkit.cli import main, root
from vsa_toolkit.db.workspace import Workspace, open_workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.parse import ROOT, ParsedSentence
from vsa_toolkit.parsing import Bigrams
from vsa_toolkit.runner import Compute, EncoderChoice
from vsa_toolkit.scenes import Counts, write_scenes

SMALL = ["-o", "epochs=2", "-o", "dimension=16", "-o", "global_dimension=16", "-o", "bottleneck=16", "-o", "images=8"]
EYES = EncoderChoice("colour-texture")


def vsa(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with scenes, regions, a checkpoint of seed 0, and its run over the test split."""
    folder = tmp_path_factory.mktemp("spine")
    write_scenes(folder / "scenes", Counts(24, 8, 8), seed=0)
    space = folder / "space"
    assert CliRunner().invoke(root, ["init", str(space)], catch_exceptions=False).exit_code == 0
    steps = [
        ["import", "scenes", str(folder / "scenes")],
        ["propose", "--proposer", "blobs", "-k", "6"],
        ["train", "--backend", "brnn", "--encoder", "colour-texture", *SMALL, "-o", "min_count=1"],
        ["run", "--backend", "brnn", "--split", "test"],
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


def test_the_tables_have_the_run_in_the_promised_json(finished: Path) -> None:
    shown = json.loads(vsa(finished, "eval", "--protocol", "retrieval", "--format", "json").stdout)
    assert (shown["schema"], shown["protocol"]) == (1, "retrieval")
    row = next(row for row in shown["rows"] if row["source"] == "run")
    assert row["backend"] == "brnn"
    assert {"i2t_r1", "i2t_r5", "i2t_r10", "i2t_medr", "t2i_r1", "t2i_r5", "t2i_r10", "t2i_medr"} <= set(row["values"])
    grounding = json.loads(vsa(finished, "eval", "--protocol", "grounding", "--format", "json").stdout)
    assert any(row["source"] == "run" for row in grounding["rows"])


def test_runs_and_checkpoints_are_listed_and_shown(finished: Path) -> None:
    runs = json.loads(vsa(finished, "runs", "list", "--format", "json").stdout)
    assert [(row["run"], row["state"]) for row in runs if row["split"] == "test"] == [(1, "finished")]
    record = json.loads(vsa(finished, "runs", "show", "1").stdout)
    assert {"versions", "device", "dtype", "seed", "seconds", "peak_memory_mb"} <= set(record["provenance"])
    curve = json.loads(vsa(finished, "checkpoints", "show", "1", "--curve", "--format", "json").stdout)
    assert [point["epoch"] for point in curve] == [1, 2]


def test_the_same_seed_gives_the_same_scores_and_another_seed_others(space: Workspace) -> None:
    first = space.store.read_run_array(1, "scores")
    scores = []
    for seed in (0, 1):
        made = space.train("brnn", pairs=[*SMALL[1::2], "min_count=1"], encoder=EYES, compute=Compute(seed=seed))
        again = space.run(checkpoint=made.id, split="test")
        scores.append(np.array(space.store.read_run_array(again.id, "scores")))
    assert np.array_equal(first, scores[0])
    assert not np.allclose(first, scores[1])


def test_the_batch_size_of_a_run_changes_nothing(space: Workspace) -> None:
    one = space.run(checkpoint=1, split="val", compute=Compute(batch_size=1))
    scores = np.array(space.store.read_run_array(one.id, "scores"))
    words = np.array(space.store.read_run_array(one.id, "word_scores"))
    space.store.delete_run(one.id)
    many = space.run(checkpoint=1, split="val", compute=Compute(batch_size=5))
    np.testing.assert_allclose(space.store.read_run_array(many.id, "scores"), scores, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(space.store.read_run_array(many.id, "word_scores"), words, rtol=1e-4, atol=1e-4)


def test_a_run_that_was_interrupted_goes_on_and_gives_the_same(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = np.array(space.store.read_run_array(1, "scores"))
    space.store.delete_run(1)
    save, saved = space.store.save_batch, []

    def twice(run_id: int, batch: runner.RunBatch) -> None:
        if len(saved) == 2:
            raise KeyboardInterrupt
        saved.append(batch.image_ids)
        save(run_id, batch)

    with monkeypatch.context() as patch:
        patch.setattr(space.store, "save_batch", twice)
        with pytest.raises(KeyboardInterrupt):
            space.run(checkpoint=1, compute=Compute(batch_size=2))
    [interrupted] = space.store.list_runs()
    assert interrupted.state == "running"
    assert len(space.store.pending(interrupted.id, [i.id for i in space.store.read_images("scenes", "test")])) == 4
    resumed = space.run(checkpoint=1, compute=Compute(batch_size=2))
    assert resumed.id == interrupted.id
    np.testing.assert_allclose(space.store.read_run_array(resumed.id, "scores"), whole, rtol=1e-4, atol=1e-4)


def test_a_training_that_was_interrupted_goes_on_and_gives_the_same(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsa_toolkit import checkpoint

    kept = checkpoint.save_resume

    def killed_after_the_first_epoch(*arguments: object) -> None:
        kept(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    pairs = [*SMALL[1::2], "min_count=1", "rate=1e-3"]
    whole = space.train("brnn", pairs=pairs, encoder=EYES)
    digest = checkpoint.digest(whole.folder)
    space.store.delete_checkpoint(whole.id)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_resume", killed_after_the_first_epoch)
        with pytest.raises(KeyboardInterrupt):
            space.train("brnn", pairs=pairs, encoder=EYES)
    values = space.store.list_checkpoints()[-1].folder / checkpoint.RESUME_VALUES
    said = json.loads(values.read_text())
    assert 0 < said["seconds"] < 600
    values.write_text(json.dumps({**said, "seconds": 600}))
    resumed = space.train("brnn", pairs=pairs, encoder=EYES)
    assert 600 < resumed.provenance["seconds"] < 1200  # of both, without the time between them
    assert [made.state for made in space.store.list_checkpoints()] == ["finished", "finished"]
    assert [point["epoch"] for point in checkpoint.read_curve(resumed.folder)] == [1, 2]
    assert checkpoint.digest(resumed.folder) == digest


def test_training_on_data_that_changed_meanwhile_is_refused(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsa_toolkit import checkpoint

    kept = checkpoint.save_resume

    def killed(*arguments: object) -> None:
        kept(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    pairs = [*SMALL[1::2], "min_count=1", "rate=1e-3"]
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_resume", killed)
        with pytest.raises(KeyboardInterrupt):
            space.train("brnn", pairs=pairs, encoder=EYES)
    from sqlalchemy import text

    with space.database.write() as session:
        session.execute(text("UPDATE sentences SET text = 'A changed sentence.' WHERE id = 1"))
    with pytest.raises(DataError, match="changed since checkpoint 2"):
        space.train("brnn", pairs=pairs, encoder=EYES)


class Stars:
    """A parser for tests: all words hang on the first."""

    identity, slow = "stars 1", True

    def parse(self, sentences: Sequence[Sequence[str]]) -> Iterator[ParsedSentence]:
        for tokens in sentences:
            yield ParsedSentence(tokens, [ROOT, *[0] * (len(tokens) - 1)][: len(tokens)], ["star"] * len(tokens))


def test_a_backend_that_needs_trees_gets_them_and_its_checkpoint_keeps_to_their_parser(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [*SMALL[1::2], "min_count=1"]
    with monkeypatch.context() as patch:
        patch.setattr(training_data, "find_parser", lambda announce: Stars())
        trained = space.train("deptree", pairs=pairs, encoder=EYES)
        patch.setattr("vsa_toolkit.parsing.find_parser", Stars)
        assert space.run("deptree", split="val").state == "finished"
    assert trained.provenance["parser"] == "stars 1"
    assert list((space.folder / "parses" / "stars-1").glob("*.npz"))
    monkeypatch.setattr("vsa_toolkit.parsing.find_parser", Bigrams)
    with pytest.raises(UserError, match="checkpoint 2 was trained on parses by stars 1, here there is bigrams"):
        space.run("deptree", split="test")


def test_a_training_does_not_go_on_with_another_parser(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsa_toolkit import checkpoint

    kept = checkpoint.save_resume

    def killed(*arguments: object) -> None:
        kept(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    pairs, said = [*SMALL[1::2], "min_count=1"], []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_resume", killed)
        with pytest.raises(KeyboardInterrupt):
            space.train("deptree", pairs=pairs, encoder=EYES, announce=said.append)
    assert any("bigrams stand in" in line for line in said)
    monkeypatch.setattr(training_data, "find_parser", lambda announce: Stars())
    with pytest.raises(UserError, match="checkpoint 2 began to train on parses by bigrams, here there is stars 1"):
        space.train("deptree", pairs=pairs, encoder=EYES)


def test_a_photo_that_vanished_is_named_when_its_features_are_needed(space: Workspace) -> None:
    image = space.store.read_images("scenes", "train")[0]
    shutil.rmtree(space.folder / "features")
    moved = image.file.with_name("elsewhere.png")
    os.rename(image.file, moved)
    try:
        with pytest.raises(DataError, match=image.file.name):
            space.train("brnn", pairs=SMALL[1::2], encoder=EYES, compute=Compute(seed=7))
    finally:
        os.rename(moved, image.file)


def test_threads_add_in_one_order_while_a_backend_learns(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from vsa_toolkit.plugins.brnn import Brnn

    fit, seen = Brnn.fit, []

    def watched(self: Brnn, *arguments: Any) -> None:
        seen.append(torch.are_deterministic_algorithms_enabled())
        fit(self, *arguments)

    monkeypatch.setattr(Brnn, "fit", watched)
    space.train("brnn", pairs=[*SMALL[1::2], "min_count=1"], encoder=EYES, compute=Compute(seed=4))
    assert seen == [True]
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_checkpoint_of_other_features_is_refused(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = space.train("brnn", pairs=[*SMALL[1::2], "min_count=1"], encoder=EYES, compute=Compute(seed=3))
    same = runner.feature_spec
    monkeypatch.setattr(runner, "feature_spec", lambda encoder, mode: {**same(encoder, mode), "code": 99})
    with pytest.raises(DataError, match="code 1 there, 99 here"):
        space.run(checkpoint=made.id)


def test_a_checkpoint_kept_by_a_training_that_failed_can_be_run(space: Workspace) -> None:
    from sqlalchemy import text

    with space.database.write() as session:
        session.execute(text("UPDATE checkpoints SET state = 'failed', digest = NULL WHERE id = 1"))
    assert space.run(checkpoint=1, split="val").state == "finished"
    runner.files.clear_resume(space.store.read_checkpoint(1).folder)
    (space.store.read_checkpoint(1).folder / runner.files.WEIGHTS).unlink()
    with pytest.raises(UserError, match="checkpoint 1 is failed"):
        space.run(checkpoint=1, split="test")


def test_a_split_to_choose_by_needs_sentences(space: Workspace) -> None:
    from sqlalchemy import text

    with space.database.write() as session:
        inside = "(SELECT id FROM sentences WHERE image_id IN (SELECT id FROM images WHERE split = 'val'))"
        session.execute(text(f"DELETE FROM groundings WHERE sentence_id IN {inside}"))
        session.execute(text(f"DELETE FROM snippets WHERE sentence_id IN {inside}"))
        session.execute(text(f"DELETE FROM sentences WHERE id IN {inside}"))
    with pytest.raises(DataError, match="val split has no sentences"):
        space.train("brnn", pairs=SMALL[1::2], encoder=EYES)


def test_a_training_interrupted_at_its_very_end_is_not_lost(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    pairs = [*SMALL[1::2], "min_count=1", "rate=1e-3"]
    with monkeypatch.context() as patch:
        patch.setattr(runner, "word_score_spread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            space.train("brnn", pairs=pairs, encoder=EYES)
    epochs = [len(runner.files.read_curve(made.folder)) for made in space.store.list_checkpoints()]
    again = space.train("brnn", pairs=pairs, encoder=EYES)
    assert again.state == "finished"
    assert len(runner.files.read_curve(again.folder)) == epochs[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--backend", "brn", "--encoder", "colour-texture"], "Did you mean 'brnn'"),
        (["train", "--backend", "brnn", "-o", "hiden=3"], "Did you mean 'hidden'"),
        (["train", "--backend", "brnn", "--encoder", "colour-textur"], "Did you mean 'colour-texture'"),
        (["train", "--backend", "brnn", "--train-split", "trian"], "trian"),
        (["run", "--backend", "brnn", "--split", "tset"], "tset"),
        (["run", "--checkpoint", "99"], "99"),
        (["run"], "name a backend"),
        (["run", "--checkpoint", "1", "--produce", "captions"], "--produce"),
        (["run", "--checkpoint", "1", "--regions", "frame"], "cannot run on 'frame'"),
        (["runs", "show", "99"], "99"),
        (["propose", "--proposer", "blob"], "Did you mean 'blobs'"),
    ],
)
def test_wrong_use_gets_one_sentence_and_exit_code_2(
    finished: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--workspace", str(finished), *arguments])
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert says in error
    assert "Traceback" not in error


def test_from_python_a_run_is_one_call(space: Workspace) -> None:
    made = space.run("brnn", split="val")
    assert made.state == "finished"
    assert any(row.run == made.id for row in space.evaluate("retrieval", split="val").rows)
    with pytest.raises(UserError, match="no finished nothing checkpoint"):
        space.run("nothing", split="val")


def test_the_epochs_of_a_training_can_be_run_and_correlated(space: Workspace) -> None:
    pairs = [*SMALL[1::2], "min_count=1", "epochs=4"]
    kept = space.train("brnn", pairs=pairs, encoder=EYES, keep_epochs=True)
    runs = [space.run(checkpoint=kept.id, epoch=epoch, split="test") for epoch in (1, 2, 3, 4)]
    best = space.run(checkpoint=kept.id, split="test")
    arrays = [space.store.read_run_array(run.id, "scores") for run in [*runs, best]]
    assert not np.array_equal(arrays[0], arrays[3])
    assert any(np.array_equal(arrays[4], array) for array in arrays[:4])  # the best is one of them
    table = space.evaluate("proxy", runs=[run.id for run in runs], resamples=20)
    assert any("accuracy, between 4 runs" in row.name for row in table.rows)
    (row,) = [row for row in space.evaluate("retrieval", resamples=0, published=False).rows if row.run == best.id]
    assert ", epoch " not in row.name
    with pytest.raises(UserError, match=r"no weights of epoch 9; it keeps 1, 2, 3, 4"):
        space.run(checkpoint=kept.id, epoch=9)
