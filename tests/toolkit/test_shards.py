from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError, VsaError
from vsa_toolkit.shards import FeatureShards, count_vectors

DIMENSION = 6


def some(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    return keys, rng.normal(size=(count, DIMENSION)).astype(np.float16)


def opened(folder: Path) -> FeatureShards:
    return FeatureShards(folder, DIMENSION, {"encoder": "test"})


def read(shards: FeatureShards, keys: np.ndarray) -> np.ndarray:
    out = np.zeros((len(keys), DIMENSION), np.float16)
    shards.read(shards.find(keys), out, np.arange(len(keys)))
    return out


def test_what_was_written_is_read_in_any_order_from_several_shards_after_reopening(tmp_path: Path) -> None:
    keys, vectors = some(50)
    shards = opened(tmp_path)
    for part in (slice(0, 20), slice(20, 21), slice(21, 50)):
        shards.write(keys[part], vectors[part])
    order = np.random.default_rng(1).permutation(50)
    for each in (shards, opened(tmp_path)):
        assert len(each) == 50
        np.testing.assert_array_equal(read(each, keys[order]), vectors[order])
    assert count_vectors(tmp_path)[0] == 50


def test_a_key_that_is_not_there_is_minus_one_also_in_an_empty_store(tmp_path: Path) -> None:
    keys, vectors = some(4)
    shards = opened(tmp_path / "new")
    assert shards.find(keys).tolist() == [-1] * 4
    assert not (tmp_path / "new").exists()
    shards.write(keys[:2], vectors[:2])
    assert shards.find(keys).tolist() == [0, 1, -1, -1]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12, unique=True))
def test_keys_with_equal_beginnings_and_zero_ends_are_told_apart(parts: list[tuple[int, int]]) -> None:
    import tempfile

    keys = np.zeros((len(parts), 32), np.uint8)
    keys[:, 3], keys[:, 30] = zip(*parts, strict=True)
    vectors = np.arange(len(parts) * DIMENSION, dtype=np.float16).reshape(-1, DIMENSION)
    with tempfile.TemporaryDirectory() as folder:
        shards = opened(Path(folder))
        shards.write(keys, vectors)
        np.testing.assert_array_equal(read(shards, keys), vectors)
        absent = keys.copy()
        absent[:, 31] = 9
        assert (shards.find(absent) == -1).all()


def test_rows_and_spare_columns_of_the_target_are_left_alone(tmp_path: Path) -> None:
    keys, vectors = some(3)
    shards = opened(tmp_path)
    shards.write(keys, vectors)
    out = np.full((9, DIMENSION + 2), -1, np.float16)
    shards.read(shards.find(keys), out, np.array([7, 0, 4]))
    np.testing.assert_array_equal(out[[7, 0, 4], :DIMENSION], vectors)
    assert (out[:, DIMENSION:] == -1).all()
    assert (out[[1, 2, 3, 5, 6, 8]] == -1).all()


@pytest.mark.parametrize("keep", [0, 30, 64, 80, 200, -1])
def test_a_truncated_shard_is_refused_by_name(tmp_path: Path, keep: int) -> None:
    opened(tmp_path).write(*some(8))
    (path,) = tmp_path.glob("*.shard")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"\.shard is (damaged|no feature shard).*remove that file"):
        opened(tmp_path)


def test_a_changed_byte_in_the_table_or_a_vector_is_noticed(tmp_path: Path) -> None:
    keys, vectors = some(8)
    opened(tmp_path).write(keys, vectors)
    (path,) = tmp_path.glob("*.shard")
    good = path.read_bytes()

    def flip(at: int) -> None:
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])

    flip(70)
    with pytest.raises(DataError, match="damaged"):
        opened(tmp_path)
    flip(len(good) - 1)
    shards = opened(tmp_path)
    np.testing.assert_array_equal(read(shards, keys[:7]), vectors[:7])
    with pytest.raises(DataError, match="a vector is not what was written"):
        read(shards, keys)


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    opened(tmp_path).write(*some(2))
    with pytest.raises(DataError, match="6 numbers where 7 are expected"):
        FeatureShards(tmp_path, 7, {})


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_is_one_sentence_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    keys, vectors = some(10)
    shards = opened(tmp_path)
    shards.write(keys[:4], vectors[:4])
    with monkeypatch.context() as full:
        full.setattr(os, failing, _raises(errno.ENOSPC))
        with pytest.raises(VsaError, match=r"disk of .* is full: free some space"):
            shards.write(keys[4:], vectors[4:])
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".shard", ".json"]
    for each in (shards, opened(tmp_path)):
        assert (each.find(keys) >= 0).tolist() == [True] * 4 + [False] * 6
    shards.write(keys[4:], vectors[4:])
    np.testing.assert_array_equal(read(opened(tmp_path), keys), vectors)


def test_a_file_that_may_not_grow_leaves_whole_shards_only(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    import subprocess
    import sys

    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_shards import opened, some
from vsa_toolkit.errors import VsaError
shards = opened(Path({str(tmp_path)!r}))
shards.write(*some(10))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    shards.write(*some(1000, seed=1))
except VsaError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert len(opened(tmp_path)) == 10
    assert not list(tmp_path.glob(".*"))


def test_a_process_killed_while_it_writes_leaves_nothing_half_done(tmp_path: Path) -> None:
    shards = opened(tmp_path)
    shards.write(*some(3))
    (tmp_path / ".000001-abcd.shard.99.tmp").write_bytes(b"half of a shard")  # what a killed process leaves
    assert len(opened(tmp_path)) == 3


def test_two_writers_of_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    one.write(*some(3, seed=1))
    two.write(*some(3, seed=2))
    assert len(opened(tmp_path)) == 6


def _raises(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail
