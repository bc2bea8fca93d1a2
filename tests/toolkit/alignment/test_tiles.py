"""The size of tiles and the threads that work through them."""

from __future__ import annotations

import threading

import pytest
import torch

from vsa_toolkit.alignment import score_matrix, tiles


@pytest.mark.parametrize("threads", [1, 2, 128])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("regions", [1, 20, 100, 3000])
@pytest.mark.parametrize("dimension", [1, 512, 1024, 4096, 100_000])
def test_tiles_of_all_threads_stay_within_512_megabytes(
    regions: int, dimension: int, device: str, threads: int
) -> None:
    tiling = tiles.choose_tiling(regions, dimension, device, threads)
    assert tiling.images >= 1
    assert tiling.fragments >= 1
    if regions * dimension * 4 <= tiles.LONGEST:  # one image alone may be larger
        assert tiling.bytes(regions, dimension) <= 512 << 20


def threads_scores(threads: int, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 9, (60,), generator=g)
    regions, fragments = torch.randn(40, 5, 8, generator=g), torch.randn(int(lengths.sum()), 8, generator=g)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return score_matrix(regions, fragments, lengths)
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "TILE_FRAGMENTS", {"cpu": 7})
    monkeypatch.setattr(tiles, "TILE_COLUMNS", {"cpu": 11})


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("seed", range(5))
def test_several_threads_give_the_scores_of_one(seed: int) -> None:
    torch.testing.assert_close(threads_scores(4, seed), threads_scores(1, seed))


@pytest.mark.usefixtures("small_tiles")
def test_the_callers_threads_and_later_ones_keep_their_setting() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        threads_scores(4)
        later: list[int] = []
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert (torch.get_num_threads(), later) == (3, [3])
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("small_tiles")
def test_an_error_in_one_thread_ends_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("no memory for a tile")

    monkeypatch.setattr(tiles, "_planes", fail)
    with pytest.raises(MemoryError, match="no memory for a tile"):
        threads_scores(4)
