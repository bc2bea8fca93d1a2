from collections.abc import Sequence

import numpy as np
import pytest

from vsa_toolkit.claim import claim
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import Caption, CheckpointInfo, RunInfo, Snippet, Split
from vsa_toolkit.store import RunBatch
from vsa_toolkit.text import tokenise


def checkpoint(workspace: Workspace, seed: int = 0) -> CheckpointInfo:
    made = workspace.store.create_checkpoint("brnn", "made", "frame", "encoder", {"hidden": 8}, {"seed": seed})
    workspace.store.finish_checkpoint(made.id, "abc", {"seconds": 1.5})
    return workspace.store.read_checkpoint(made.id)


def expected(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Scores and word scores that tell which image and token they belong to."""
    scores = np.array([[i.id * 100 + n for n in range(len(split.sentences))] for i in split.images], dtype=np.float32)
    rows = [
        [image.id * 1000 + sentence.number * 100 + n]
        for image in split.images
        for sentence in split.sentences
        if sentence.image_id == image.id
        for n in range(len(tokenise(sentence.text)))
    ]
    return scores, np.array(rows, dtype=np.float32)


def batch(split: Split, image_ids: Sequence[int]) -> RunBatch:
    scores, words = expected(split)
    row = {image.id: n for n, image in enumerate(split.images)}
    owners = np.array([int(value) // 1000 for value in words[:, 0]])
    own = [words[owners == image_id] for image_id in image_ids]
    return RunBatch(image_ids, scores[[row[image_id] for image_id in image_ids]], np.concatenate(own))


def start(workspace: Workspace) -> tuple[Split, RunInfo]:
    split = workspace.store.read_split("made", "train", "frame")
    return split, workspace.store.create_run(checkpoint(workspace), split, {"beta": 0.0}, {})


def test_batches_in_any_order_end_in_the_order_of_the_split(filled: Workspace) -> None:
    store = filled.store
    split, run = start(filled)
    a, b, c, d = (image.id for image in split.images)
    store.save_batch(run.id, batch(split, [d, b]))
    store.save_batch(run.id, batch(split, [a]))
    assert store.pending(run.id, [a, b, c, d]) == [c]
    store.save_batch(run.id, batch(split, [c]))
    store.finish_run(run.id, split, {"seconds": 2.0})
    scores, words = expected(split)
    np.testing.assert_array_equal(store.read_run_array(run.id, "scores"), scores)
    np.testing.assert_array_equal(store.read_run_array(run.id, "word_scores"), words)
    assert sorted(path.name for path in run.folder.iterdir()) == ["scores.npy", "word_scores.npy"]
    finished = store.read_run(run.id)
    assert finished.state == "finished"
    assert finished.provenance["arrays"]["scores"]["shape"] == [4, 8]
    assert finished.provenance["seconds"] == 2.0


def test_what_is_being_worked_on_is_not_deleted(filled: Workspace) -> None:
    store = filled.store
    _, run = start(filled)
    made = store.read_checkpoint(run.checkpoint_id or 0)
    with claim(run.folder, "run"), pytest.raises(UserError, match="is being worked on by another process"):
        store.delete_run(run.id)
    assert run.folder.is_dir()
    store.delete_run(run.id)
    assert not run.folder.exists()
    with claim(made.folder, "checkpoint"), pytest.raises(UserError, match="is being worked on by another process"):
        store.delete_checkpoint(made.id)
    store.delete_checkpoint(made.id)
    assert not made.folder.exists()


def test_trainings_on_other_splits_are_other_checkpoints(filled: Workspace) -> None:
    def begin(train: str) -> int:
        about = {"seed": 0, "train": {"split": train, "fingerprint": "x"}, "val": {"split": "val", "fingerprint": "y"}}
        return filled.store.create_checkpoint("brnn", "made", "frame", "encoder", {}, about).id

    first = begin("train")
    assert begin("test") != first
    assert begin("train") == first  # goes on


def test_an_interrupted_run_is_resumed_by_the_same_command(filled: Workspace) -> None:
    store = filled.store
    split, run = start(filled)
    first = split.images[0].id
    store.save_batch(run.id, batch(split, [first]))
    store.fail_run(run.id, "killed")
    assert store.read_run(run.id).provenance["reason"] == "killed"
    made = store.read_checkpoint(run.checkpoint_id or 0)
    again = store.create_run(made, split, {"beta": 0.0}, {})
    assert (again.id, again.state) == (run.id, "running")
    assert store.pending(again.id, [image.id for image in split.images]) == [i.id for i in split.images[1:]]
    assert store.create_run(made, split, {"beta": 0.5}, {}).id != run.id


def test_a_part_left_by_a_crash_before_its_commit_is_written_again(filled: Workspace) -> None:
    store = filled.store
    split, run = start(filled)
    ids = [image.id for image in split.images]
    from vsa_toolkit.db.run_arrays import save_part

    save_part(run.folder, ids[0], RunBatch(ids[:1], np.zeros((1, 8), np.float32), np.zeros((7, 1), np.float32)))
    assert store.pending(run.id, ids) == ids
    store.save_batch(run.id, batch(split, ids))
    store.finish_run(run.id, split, {})
    np.testing.assert_array_equal(store.read_run_array(run.id, "scores"), expected(split)[0])


def test_a_run_with_images_left_does_not_finish(filled: Workspace) -> None:
    split, run = start(filled)
    filled.store.save_batch(run.id, batch(split, [split.images[0].id]))
    with pytest.raises(DataError, match="has not saved 3 images yet, 'photo1' is the first"):
        filled.store.finish_run(run.id, split, {})
    assert filled.store.read_run(run.id).state == "running"


def test_an_array_of_the_wrong_shape_is_refused(filled: Workspace) -> None:
    split, run = start(filled)
    ids = [image.id for image in split.images]
    filled.store.save_batch(run.id, RunBatch(ids, scores=np.zeros((4, 7), np.float32)))
    with pytest.raises(DataError, match=r"is \(4, 7\), the split asks for \(4, 8\)"):
        filled.store.finish_run(run.id, split, {})
    assert not list(run.folder.glob("*.npy"))


def test_a_changed_array_is_noticed(filled: Workspace) -> None:
    split, run = start(filled)
    filled.store.save_batch(run.id, batch(split, [image.id for image in split.images]))
    filled.store.finish_run(run.id, split, {})
    np.save(run.folder / "scores.npy", np.zeros((4, 8), np.float32))
    with pytest.raises(DataError, match="is not the file that run 1 wrote"):
        filled.store.read_run_array(run.id, "scores")
    (run.folder / "scores.npy").unlink()
    with pytest.raises(DataError, match="is gone"):
        filled.store.read_run_array(run.id, "scores")


def test_an_image_is_saved_once(filled: Workspace) -> None:
    split, run = start(filled)
    one = [split.images[0].id]
    filled.store.save_batch(run.id, batch(split, one))
    with pytest.raises(DataError, match="already has one of the images"):
        filled.store.save_batch(run.id, batch(split, one))


def test_snippets_come_and_go_with_their_run(filled: Workspace) -> None:
    store = filled.store
    split, run = start(filled)
    sentence, region = split.sentences[0], split.regions[0]
    snippet = Snippet(sentence.id, region.id, 2, 9, "red dog", 1.25)
    store.save_batch(run.id, RunBatch([split.images[0].id], snippets=[snippet]))
    assert store.read_snippets(run.id) == [snippet]
    assert store.read_snippets(run.id, split.images[0].id) == [snippet]
    assert store.read_snippets(run.id, split.images[1].id) == []
    store.delete_run(run.id)
    assert not run.folder.exists()
    with pytest.raises(UserError, match="there is no run 1: there is none yet"):
        store.read_run(run.id)


def test_runs_are_found_by_what_they_were_made_of(filled: Workspace) -> None:
    store = filled.store
    with pytest.raises(UserError, match=r"no finished run over the split 'train'.*vsa run --backend brnn"):
        store.newest_run("made", "train")
    split, run = start(filled)
    assert store.finished_runs("made", "train") == []
    store.save_batch(run.id, batch(split, [image.id for image in split.images]))
    store.finish_run(run.id, split, {})
    assert store.newest_run("made", "train").id == run.id
    assert store.finished_runs("made", "train") == [store.read_run(run.id)]
    assert store.finished_runs("made", "val") == []
    assert [r.id for r in store.list_runs()] == [run.id]
    assert store.save_evaluation(run.id, "retrieval", "sig", {"i2t_r1": {"value": 1.0}}) == 1


def test_a_number_is_never_given_twice(filled: Workspace) -> None:
    _, first = start(filled)
    filled.store.delete_run(first.id)
    _, second = start(filled)
    assert second.id != first.id


# Checkpoints


def test_an_interrupted_checkpoint_is_resumed_only_by_the_same_making(filled: Workspace) -> None:
    store = filled.store
    made = store.create_checkpoint("brnn", "made", "frame", "encoder", {"hidden": 8}, {"seed": 1})
    assert made.folder.is_dir()
    store.fail_checkpoint(made.id, "killed")

    def again(encoder: str = "encoder", hidden: int = 8, seed: int = 1) -> int:
        return store.create_checkpoint("brnn", "made", "frame", encoder, {"hidden": hidden}, {"seed": seed}).id

    assert again() == made.id
    assert again(seed=2) != made.id
    assert again(hidden=9) != made.id
    assert again(encoder="other") != made.id
    store.finish_checkpoint(made.id, "abc", {})
    assert again() != made.id


def test_the_newest_finished_checkpoint_is_taken(filled: Workspace) -> None:
    store = filled.store
    with pytest.raises(UserError, match=r"no finished brnn checkpoint for dataset 'made'.*vsa train --backend brnn"):
        store.newest_checkpoint("brnn", "made")
    first, second = checkpoint(filled, 1), checkpoint(filled, 2)
    assert store.newest_checkpoint("brnn", "made").id == second.id
    assert store.newest_checkpoint("brnn", "made", "frame").provenance["digest"] == "abc"
    assert [c.id for c in store.list_checkpoints()] == [first.id, second.id]


def test_a_checkpoint_that_made_a_run_is_kept(filled: Workspace) -> None:
    _, run = start(filled)
    assert run.checkpoint_id is not None
    with pytest.raises(UserError, match=r"checkpoint 1 made run 1: delete that first with `vsa runs delete`"):
        filled.store.delete_checkpoint(run.checkpoint_id)
    filled.store.delete_run(run.id)
    filled.store.delete_checkpoint(run.checkpoint_id)
    with pytest.raises(UserError, match="there is no checkpoint 1"):
        filled.store.read_checkpoint(run.checkpoint_id)


def test_captions_come_back_the_frame_first(filled: Workspace) -> None:
    store = filled.store
    split, run = start(filled)
    first = split.images[0]
    frame = next(region.id for region in split.regions if region.image_id == first.id)
    said = [Caption(first.id, "a red ball", frame, -2.5), Caption(first.id, "a man with a ball")]
    store.save_batch(run.id, RunBatch([first.id], captions=said))
    assert store.read_captions(run.id) == said[::-1]
