"""`vsa compare` over a real workspace with made-up scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vsa_toolkit.cli import root
from vsa_toolkit.errors import UserError

from .test_eval import workspace

__all__ = ["workspace"]


def vsa_compare(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(folder), "compare", *arguments], catch_exceptions=False)


def test_two_runs_are_compared_figure_by_figure(workspace):
    result = vsa_compare(workspace, "2", "4", "--format", "json", "--resamples", "200")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert len(rows) == 8
    assert (rows[0]["first"], rows[0]["second"], rows[0]["figure"]) == (2, 4, "i2t_r1")
    assert rows[0]["low"] <= rows[0]["difference"] <= rows[0]["high"]
    assert 0 < rows[0]["p permutation"] <= rows[0]["p Holm"] <= 1


@pytest.mark.parametrize("output", ["rich", "markdown", "latex", "csv"])
def test_every_format_prints_every_figure(workspace, output, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    result = vsa_compare(workspace, "2", "4", "--protocol", "grounding", "--resamples", "50", "--format", output)
    for figure in ("accuracy", "pointing", "with priors, MRF"):
        assert figure in result.stdout


def test_an_option_of_another_protocol_is_wrong_use(workspace):
    result = vsa_compare(workspace, "2", "4", "--profile", "coco")
    assert result.exit_code == 2
    assert "--profile is for --protocol captions or regions or agreement" in result.output


def test_an_unknown_figure_is_refused_with_a_suggestion(workspace):
    with pytest.raises(UserError, match="Did you mean 'i2t_r1'"):
        vsa_compare(workspace, "2", "4", "--figure", "i2t_r11")


def test_help_shows_an_example():
    assert "vsa compare 3 4" in CliRunner().invoke(root, ["compare", "--help"]).output


def test_a_figure_without_a_better_end_is_not_compared(workspace):
    with pytest.raises(UserError, match="--protocol grounding compares no figure 'upper_bound'"):
        vsa_compare(workspace, "2", "4", "--protocol", "grounding", "--figure", "upper_bound")
