from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import numpy as np
import pytest

from vsa_toolkit.metrics.bleu import Bleu, BleuOptions
from vsa_toolkit.metrics.cache import StatisticsCache, digest
from vsa_toolkit.metrics.metric import TextMetric
from vsa_toolkit.metrics.segments import Segment

SEGMENTS = [Segment("1", "a dog runs", ("a dog",)), Segment("2", "a cat", ("the cat", "a cat sits"))]


class Counting(Bleu):
    """Says how often it was asked."""

    asked = 0

    def statistics(self, items):
        type(self).asked += 1
        return super().statistics(items)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> TextMetric:
    monkeypatch.setattr(Counting, "asked", 0)
    return Counting()


def test_what_was_counted_is_not_counted_again_in_another_process_either(counting, tmp_path: Path):
    first = counting.count(SEGMENTS, StatisticsCache(tmp_path))
    held = StatisticsCache(tmp_path)
    again = [counting.count(SEGMENTS, held) for _ in range(2)]
    assert Counting.asked == 1
    assert all(np.array_equal(counted.rows, first.rows) for counted in again)


def test_where_nothing_can_be_written_a_cache_lasts_as_long_as_itself(counting, tmp_path, monkeypatch):
    def refuse(**where):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    cache = StatisticsCache(tmp_path)
    assert len(counting.count(SEGMENTS, cache).rows) == len(counting.count(SEGMENTS, cache).rows) == 2
    assert Counting.asked == 1


def test_a_cache_without_a_folder_lasts_as_long_as_itself(counting):
    cache = StatisticsCache()
    counting.count(SEGMENTS, cache)
    counting.count(SEGMENTS, cache)
    assert Counting.asked == 1


def test_everything_that_changes_the_statistics_is_another_entry():
    class Newer(Bleu):
        version = 2

    changed = [Segment("1", "a dog ran", ("a dog",)), SEGMENTS[1]]
    references = [Segment("1", "a dog runs", ("a dog ",)), SEGMENTS[1]]
    keys = {
        digest(Bleu(), SEGMENTS), digest(Bleu(), changed), digest(Bleu(), references), digest(Bleu(), SEGMENTS[::-1]),
        digest(Bleu(BleuOptions(order=3)), SEGMENTS), digest(Bleu(BleuOptions(profile="sacrebleu")), SEGMENTS),
        digest(Newer(), SEGMENTS),
    }  # fmt: skip
    assert len(keys) == 7


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY torn", b"no array"])
def test_a_torn_file_is_counted_anew_and_mended(counting, tmp_path: Path, content):
    counting.count(SEGMENTS, StatisticsCache(tmp_path))
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(content)
    counting.count(SEGMENTS, StatisticsCache(tmp_path))
    counting.count(SEGMENTS, StatisticsCache(tmp_path))
    assert Counting.asked == 2
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]
