from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.errors import UserError
from vsa_toolkit.options import Options, parse_options


class Example(Options):
    hidden: int = 512
    margin: float = 0.2
    vectors: Path | None = None


def test_pairs_fill_the_model_with_the_right_types() -> None:
    made = parse_options(Example, ["hidden=64", "margin=1e-1", "vectors=a=b.txt"])
    assert (made.hidden, made.margin, made.vectors) == (64, 0.1, Path("a=b.txt"))


def test_none_is_written_none() -> None:
    assert parse_options(Example, ["vectors=none"]).vectors is None


def test_pairs_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text("hidden = 8\nmargin = 0.5\n")
    made = parse_options(Example, ["hidden=16"], path)
    assert (made.hidden, made.margin) == (16, 0.5)


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["hiden=3"], "Did you mean 'hidden'"),
        (["hidden=many"], "hidden of brnn"),
        (["hidden"], "name=value"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(pairs: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_options(Example, pairs, owner="brnn")


def test_a_broken_options_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text("hidden = = 8")
    with pytest.raises(UserError, match=r"options\.toml"):
        parse_options(Example, [], path)
