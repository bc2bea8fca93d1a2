"""A plan against a workspace of lists: commands are carried out by adding what they would have left."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.plan import Plan, PlanRow, plan_names, read_plan
from vsa_toolkit.plugins.brnn.options import BrnnOptions
from vsa_toolkit.records import Caption, CheckpointInfo, Image, RunInfo, Sentence, Split
from vsa_toolkit.reproduction import Job, Limits, NothingYet, chosen, count_done, figures, jobs, jobs_at_once, tables

RATES = ("1e-3", "3e-3", "1e-4")
FIRST = PlanRow("first", "brnn", ("retrieval", "grounding"), tuple((f"rate={rate}",) for rate in RATES))
SECOND = PlanRow(
    "second", "brnn", ("retrieval", "grounding"), (("epochs=2",), ("epochs=3",), ("epochs=4",)), from_row="first",
    runs=((), ("--beta", "0.5", "--produce", "scores,alignments")),
)  # fmt: skip
TABLES = (("Ranking.", ("--protocol", "retrieval")), ("Regions.", ("--protocol", "regions")))
PLAN = Plan("small", "flickr8k", "boxes", (0, 1), (FIRST, SECOND), TABLES)


GOOD = "two dogs run over the grass"


class Lists:
    """Carries out what a plan asks for; the middle learning rate trains best."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints: list[CheckpointInfo] = []
        self.runs: list[RunInfo] = []

    def list_checkpoints(self) -> list[CheckpointInfo]:
        return self.checkpoints

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]:
        return [run for run in self.runs if (run.dataset, run.split) == (dataset, split)]

    def read_split(self, dataset: str, split: str, region_set: str) -> Split:
        images = [Image(i, f"photo {i}", self.folder / f"{i}.png", "", 4, 3, split) for i in (1, 2)]
        return Split(dataset, split, region_set, images, [Sentence(i, i, 0, GOOD) for i in (1, 2)], [], [], "")

    def read_captions(self, run_id: int) -> list[Caption]:
        """The lowest learning rate says it best, though its training curve does not."""
        run = next(run for run in self.runs if run.id == run_id)
        made = next(made for made in self.checkpoints if made.id == run.checkpoint_id)
        return [Caption(i, GOOD if made.options["rate"] == 1e-4 else "a cat") for i in (1, 2)]

    def carry_out(self, command: str) -> None:
        words = shlex.split(command)[1:]
        (self.train if words[0] == "train" else self.run)(words[1:])

    def train(self, words: list[str]) -> None:
        pairs = [words[i + 1].split("=") for i, word in enumerate(words) if word == "-o"]
        stated = BrnnOptions(**dict(pairs)).model_dump(mode="json")
        number = len(self.checkpoints) + 1
        made = self.folder / str(number)
        made.mkdir()
        recall = 50 - abs(stated["rate"] - 3e-3) * 1000 - stated["epochs"]
        (made / "curve.jsonl").write_text(json.dumps({"recall": recall}) + "\n")
        said = dict(zip(words[::2], words[1::2], strict=True))
        provenance: dict[str, Any] = {
            "seed": int(said["--seed"]), "seconds": 60,
            "train": {"split": said.get("--train-split", "train")}, "val": {"split": said.get("--val-split", "val")},
        }  # fmt: skip
        if "--from-run" in said:
            provenance["train"]["run"] = provenance["val"]["run"] = int(said["--from-run"])
            provenance["val"]["split"] = "train"
        encoder = f"{said.get('--encoder', 'efficientnet-lite0')} roi-align"
        self.checkpoints.append(
            CheckpointInfo(number, "brnn", "flickr8k", "boxes", encoder, "finished", stated, provenance, made)
        )

    def run(self, words: list[str]) -> None:
        asked = dict(zip(words[::2], words[1::2], strict=True))
        produce = asked.get("--produce", "alignments,scores").split(",")
        options: dict[str, Any] = {"beta": float(asked.get("--beta", 0)), "produce": sorted(produce)}
        if "--on" in asked:
            options["on"] = asked["--on"]
        self.runs.append(
            RunInfo(
                len(self.runs) + 1, "brnn", "flickr8k", asked["--split"], "boxes", "finished",
                int(asked["--checkpoint"]), options, {}, self.folder,
            )
        )  # fmt: skip


def jobs_of(store: Lists, plan: Plan, limits: Limits | None = None) -> Iterator[Job]:
    """Each job after the one before was carried out."""
    for job in jobs(store, plan, limits or Limits()):
        yield job
        store.carry_out(job.command)


def carried_out(store: Lists, limits: Limits, most: int = 100) -> list[str]:
    done = []
    for job in jobs(store, PLAN, limits):
        done.append(job.command)
        if len(done) > most:
            break
        store.carry_out(job.command)
    return done


def test_all_configurations_are_trained_and_only_the_best_on_validation_is_run_on_test(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    done = carried_out(store, Limits(only=("first",)))
    assert [c for c in done if "train" in c.split()[1]] == [
        *(f"vsa train --backend brnn --seed 0 --regions boxes -o rate={rate}" for rate in RATES),
        "vsa train --backend brnn --seed 1 --regions boxes -o rate=3e-3",
    ]
    assert {run.checkpoint_id for run in store.runs} == {2, 4}  # the two seeds of the best one
    assert [run.split for run in store.runs] == ["val", "test", "val", "test"]
    best = chosen(store, PLAN, FIRST, Limits())
    assert best is not None
    assert best.id == 2


def test_a_plan_that_was_stopped_goes_on_and_a_finished_one_has_nothing_to_do(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    whole = carried_out(Lists(tmp_path / "other") if (tmp_path / "other").mkdir() is None else store, Limits())
    first = carried_out(store, Limits(), most=4)[:4]
    assert first + carried_out(store, Limits()) == whole
    assert carried_out(store, Limits()) == []


def test_a_row_that_learns_from_another_waits_for_its_alignments_of_the_training_split(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    done = carried_out(store, Limits(only=("second",)))
    train_run = "vsa run --checkpoint 2 --split train --produce alignments"
    assert done.index(train_run) < next(i for i, c in enumerate(done) if "--from-run" in c)
    number = next(run.id for run in store.runs if run.split == "train")
    assert all(f"--from-run {number}" in c for c in done if "epochs" in c)
    assert sum("--beta 0.5" in c for c in done) == 4  # two seeds, two splits


def test_what_learnt_from_a_model_that_is_no_longer_chosen_is_trained_again(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    carried_out(store, Limits(only=("second",), configurations=1))
    assert [done["chosen"] for done in figures(store, PLAN, Limits(only=("second",), configurations=1))] == [True] * 4
    before = max(run.id for run in store.runs)
    again = carried_out(store, Limits(only=("second",), configurations=2))  # the second rate is better
    newest = [c for c in again if "--from-run" in c]
    assert {pair for c in newest for pair in ("epochs=2", "epochs=3") if pair in c} == {"epochs=2", "epochs=3"}
    assert all(int(c.split("--from-run ")[1]) > before for c in newest)


def test_a_row_that_learns_nothing_is_made_once(tmp_path: Path) -> None:
    store, row = Lists(tmp_path), PlanRow("idle", "brnn", ("retrieval",), (("rate=1e-3",),), choose="none")
    plan = Plan("small", "flickr8k", "boxes", (0, 1), (row,), TABLES)
    done = []
    for job in islice(jobs(store, plan, Limits()), 20):
        done.append(job.command)
        store.carry_out(job.command)
    assert [c.split()[1] for c in done] == ["train", "run"]
    assert len(figures(store, plan, Limits())) == 1
    assert [command.count("--run") for _, command in tables(store, plan, Limits())] == [1]


def test_how_many_commands_are_done_is_known_before_and_after_each(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    counts = [count_done(store, PLAN, Limits())]
    for job in jobs(store, PLAN, Limits()):
        store.carry_out(job.command)
        counts.append(count_done(store, PLAN, Limits()))
    assert [done for done, _ in counts] == list(range(len(counts)))
    assert {total for _, total in counts} == {len(counts) - 1}
    assert count_done(NothingYet(), PLAN, Limits()) == counts[0]


def test_a_run_that_judges_is_counted_too(tmp_path: Path) -> None:
    store, judge = Lists(tmp_path), ("--produce", "captions", "--beta", "0.1")
    plan = replace(PLAN, rows=(replace(FIRST, tables=("captions",), choose="bleu4", judge=judge, runs=(judge,)),))
    assert count_done(store, plan, Limits()) == (0, 9)
    assert len(list(islice(jobs_of(store, plan), 20))) == 9
    assert count_done(store, plan, Limits()) == (9, 9)


def test_what_can_be_done_at_once_needs_nothing_of_each_other_and_ends_at_the_same_place(tmp_path: Path) -> None:
    store, rounds = Lists(tmp_path), []
    while made := jobs_at_once(store, PLAN, Limits()):
        rounds.append([job.command for job in made])
        for job in made:
            store.carry_out(job.command)
    assert [len(commands) for commands in rounds[:2]] == [3, 4]  # the first row's configurations; then what they allow
    assert "vsa run --checkpoint 2 --split train --produce alignments" in rounds[1]
    other = tmp_path / "one by one"
    other.mkdir()
    assert sum(map(len, rounds)) == len(carried_out(Lists(other), Limits()))
    assert all(len(set(commands)) == len(commands) for commands in rounds)


def test_only_what_a_table_weighs_is_run_on_validation_and_rows_are_added_up_once_all_are_there(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    rows = tuple(PlanRow(f"row {rate}", "brnn", ("retrieval",), ((f"rate={rate}",),)) for rate in RATES)
    plan = Plan("small", "flickr8k", "boxes", (0, 1), rows, TABLES, combined=("row 1e-3", "row 1e-4"))
    shown = []
    for _ in islice(jobs_of(store, plan), 30):
        shown.append(dict(tables(store, plan, Limits())).get("Ranking.", ""))
    first = [run.id for run in store.runs if run.split == "test" and run.checkpoint_id in (1, 5)]
    whole = dict(tables(store, plan, Limits()))["Ranking."]
    assert whole.endswith(f"--combine {first[0]},{first[1]}")
    assert {run.checkpoint_id for run in store.runs if run.split == "val"} == {1, 2, 5, 6}
    assert "--combine" not in shown[0]


def test_two_rows_that_wait_for_the_same_run_have_it_made_once(tmp_path: Path) -> None:
    store, plan = Lists(tmp_path), replace(PLAN, rows=(FIRST, SECOND, replace(SECOND, name="third")))
    while made := jobs_at_once(store, plan, Limits()):
        commands = [job.command for job in made]
        assert len(set(commands)) == len(commands)
        for command in commands:
            store.carry_out(command)
    assert len([run for run in store.runs if run.split == "train"]) == 1


def test_a_table_shows_the_test_runs_of_what_was_chosen_and_no_other(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    assert list(tables(store, PLAN, Limits())) == []
    carried_out(store, Limits())
    store.run(["--checkpoint", "1", "--split", "test"])  # of a configuration that was not chosen
    shown = dict(tables(store, PLAN, Limits()))
    assert list(shown) == ["Ranking."]  # no row of the plan describes regions
    numbers = [int(word) for word in shown["Ranking."].split() if word.isdecimal()]
    ran = {run.id: run for run in store.runs}
    assert {ran[n].split for n in numbers} == {"test"}
    best = {made.id for row in (FIRST, SECOND) if (made := chosen(store, PLAN, row, Limits()))}
    shown_models = {ran[n].checkpoint_id for n in numbers}
    assert len(shown_models) == 4  # two rows, two seeds
    assert best < shown_models
    assert 1 not in shown_models


def test_runs_on_photos_and_on_regions_are_told_apart_and_each_table_has_its_own(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    runs = (
        ("--produce", "captions", "--beta", "0.1"),
        ("--produce", "captions,scores", "--beta", "0.2"),
        ("--produce", "captions", "--on", "human-regions", "--beta", "0.1"),
    )
    row = PlanRow("says", "brnn", ("retrieval", "captions", "regions"), (("rate=1e-3",),), runs=runs)
    wanted = (*TABLES, ("Captions.", ("--protocol", "captions")))
    plan = Plan("small", "flickr8k", "boxes", (0,), (row,), wanted)
    for job in islice(jobs(store, plan, Limits()), 20):
        store.carry_out(job.command)
    on_test = [run.id for run in store.runs if run.split == "test"]
    assert len(on_test) == 3
    shown = {title: [int(word) for word in c.split() if word.isdecimal()] for title, c in tables(store, plan, Limits())}
    assert shown == {"Ranking.": [on_test[1]], "Regions.": [on_test[2]], "Captions.": on_test[:2]}


@pytest.mark.parametrize("other", [("--train-split", "test"), ("--val-split", "test"), ("--encoder", "other")])
def test_a_checkpoint_of_other_data_is_not_the_plans(tmp_path: Path, other: tuple[str, str]) -> None:
    store = Lists(tmp_path)
    carried_out(store, Limits(only=("first",)))
    own = chosen(store, PLAN, FIRST, Limits())
    store.train(["--seed", "0", "-o", "rate=3e-3", *other])
    assert chosen(store, PLAN, FIRST, Limits()) == own
    assert carried_out(store, Limits(only=("first",))) == []


def test_a_plan_may_write_a_number_as_it_likes(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    row = PlanRow("says", "brnn", ("retrieval",), (("rate=1e-3",),), runs=(("--beta", "1"),))
    plan = replace(PLAN, rows=(row,), seeds=(0,))
    assert len(list(islice(jobs_of(store, plan), 9))) == 2


def test_runs_with_options_that_the_plan_does_not_ask_for_are_not_its_runs(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    smoothed = ["--checkpoint", "2", "--split", "test", "--beta", "0.3"]
    store.run(smoothed)  # before the plan's own
    carried_out(store, Limits(only=("first",)))
    own = [run.id for run in store.runs if run.split == "test" and run.options["beta"] == 0]
    store.run(smoothed)  # and after
    shown = dict(tables(store, PLAN, Limits(only=("first",))))["Ranking."]
    assert [int(word) for word in shown.split() if word.isdecimal()] == own
    assert len(own) == 2


def test_what_captions_are_like_on_validation_can_choose(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    judge = ("--produce", "captions", "--beta", "0.1")
    row = replace(FIRST, tables=("captions",), choose="bleu4", judge=judge, runs=(judge,))
    plan = replace(PLAN, rows=(row,))
    done = [job.command.split() for job in islice(jobs_of(store, plan), 20)]
    verbs = [(words[1], words[words.index("--split") + 1] if "--split" in words else "") for words in done]
    tried = [("train", "")] * 3 + [("run", "val")] * 3  # of all configurations, before one is chosen
    assert verbs == [*tried, ("run", "test"), ("train", ""), ("run", "test")]
    best = chosen(store, plan, row, Limits())
    assert best is not None
    assert best.options["rate"] == 1e-4
    listed = figures(store, plan, Limits())
    assert [entry["val"] for entry in listed if entry["configuration"] == "rate=1e-4"] == [100.0, None]
    alone = tmp_path / "alone"
    alone.mkdir()
    done = [job.command.split()[1:3] for job in islice(jobs_of(Lists(alone), plan, Limits(configurations=1)), 20)]
    assert [words[0] for words in done] == ["train", "run", "train", "run"]  # one needs no judge


def test_before_a_judging_run_is_there_nothing_is_chosen_and_no_figure_shown(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    row = replace(FIRST, choose="bleu4", judge=("--produce", "captions"))
    for rate in RATES:
        store.train(["--seed", "0", "-o", f"rate={rate}"])
    plan = replace(PLAN, rows=(row,))
    assert chosen(store, plan, row, Limits()) is None
    assert [entry["val"] for entry in figures(store, plan, Limits())] == [None] * 3


def test_fewer_configurations_and_seeds_are_the_first_ones(tmp_path: Path) -> None:
    done = carried_out(Lists(tmp_path), Limits(only=("first",), configurations=1, seeds=1))
    assert len(done) == 3
    assert done[0].endswith("-o rate=1e-3")


def test_what_was_tried_is_listed_with_its_figure(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    carried_out(store, Limits(only=("first",)))
    rows = figures(store, PLAN, Limits(only=("first",)))
    assert [(row["configuration"], row["seed"], row["chosen"]) for row in rows] == [
        ("rate=1e-3", 0, False), ("rate=3e-3", 0, True), ("rate=3e-3", 1, True), ("rate=1e-4", 0, False),
    ]  # fmt: skip
    assert rows[1]["val"] == 26.0


def test_before_anything_is_trained_the_list_has_what_the_limits_leave() -> None:
    rows = figures(NothingYet(), PLAN, Limits(only=("first",), configurations=2))
    assert [(row["configuration"], row["checkpoint"]) for row in rows] == [("rate=1e-3", None), ("rate=3e-3", None)]


def test_an_unknown_row_or_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no row 'frist'. Did you mean 'first'"):
        carried_out(Lists(tmp_path), Limits(only=("frist",)))
    with pytest.raises(UserError, match=r"no reproduction 'flickr9k'. Did you mean 'flickr8k'"):
        read_plan("flickr9k")


@pytest.mark.parametrize("name", plan_names())
def test_the_plans_are_fair_and_their_options_exist(name: str) -> None:
    from vsa_toolkit.reproduction import _options

    plan = read_plan(name)
    assert len({len(row.configurations) for row in plan.rows if row.choose != "none"}) == 1
    for row in plan.rows:
        assert len({json.dumps(_options(row, pairs), sort_keys=True) for pairs in row.configurations}) == len(
            row.configurations
        )


def test_a_curve_without_the_figure_is_named(tmp_path: Path) -> None:
    store = Lists(tmp_path)
    store.train(["--seed", "0", "-o", "rate=1e-3"])
    (store.checkpoints[0].folder / "curve.jsonl").write_text("")
    with pytest.raises(DataError, match="checkpoint 1 has no 'recall' in its curve"):
        chosen(store, PLAN, FIRST, Limits())
