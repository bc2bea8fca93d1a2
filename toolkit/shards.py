"""Feature vectors on disk: a folder of shards that are written once, whole, and never changed.

A shard is one file: a header of 64 bytes, a table with a 32-byte key and a CRC-32 for each vector, the vectors. It is
written under a temporary name, synced and renamed, so that a killed process leaves a whole shard or none. Vectors are
memory-mapped and only those read are checked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .errors import DataError, VsaError

MAGIC = b"VSAFEAT1"
HEADER = struct.Struct("<8sQQ32s8x")  # magic, vectors, dimension, sha256 of the table
RECORD = np.dtype([("key", "<u8", 4), ("crc", "<u4")])
STORED = np.dtype("<f2")
SUFFIX = ".shard"
READ_AT_ONCE = 4096  # vectors
AGAIN = "remove that file, and vsa features extract computes its features again"


@dataclass(frozen=True)
class _Shard:
    path: Path
    vectors: np.ndarray  # (n, dimension) float16, memory-mapped
    checksums: np.ndarray  # (n,) uint32


class FeatureShards:
    """The vectors of one spec, by key. Keys are (n, 32) uint8: sha256 digests."""

    def __init__(self, folder: Path, dimension: int, spec: dict[str, Any]) -> None:
        """Opens what is there; the folder is made when the first shard is written.

        Raises:
            DataError: a shard is truncated or its table is damaged.
        """
        self.folder, self.dimension, self._spec = folder, dimension, spec
        self._shards: list[_Shard] = []
        self._parts: list[np.ndarray] = []
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            self._open(path)
        self._sort()

    def __len__(self) -> int:
        return len(self._order)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The place of each key, (n,) int64; −1 where there is no such vector."""
        wanted = np.ascontiguousarray(keys).view("<u8").reshape(-1, 4)
        place = np.full(len(wanted), -1, np.int64)
        if not len(self):
            return place
        at = np.searchsorted(self._first, wanted[:, 0])
        open_rows = np.arange(len(wanted))
        while len(open_rows):  # more than one round only where the first 8 bytes of two keys are equal
            open_rows = open_rows[at[open_rows] < len(self)]
            open_rows = open_rows[self._first[at[open_rows]] == wanted[open_rows, 0]]
            same = (self._keys[self._order[at[open_rows]]] == wanted[open_rows]).all(1)
            place[open_rows[same]] = self._order[at[open_rows[same]]]
            open_rows = open_rows[~same]
            at[open_rows] += 1
        return place

    def read(self, places: np.ndarray, out: np.ndarray, rows: np.ndarray) -> None:
        """`out[rows[i], :dimension]` = the vector at `places[i]`; out: (…, at least dimension) float16.

        Raises:
            DataError: a vector is not what was written.
        """
        order = np.argsort(places, kind="stable")
        shard_of = np.searchsorted(self._ends, places[order], side="right")
        for number in np.unique(shard_of):
            shard, chosen = self._shards[number], order[shard_of == number]
            inside = places[chosen] - (self._ends[number] - len(shard.vectors))
            for start in range(0, len(chosen), READ_AT_ONCE):
                part = slice(start, start + READ_AT_ONCE)
                vectors = shard.vectors[inside[part]]
                _check(shard, vectors, inside[part])
                out[rows[chosen[part]], : self.dimension] = vectors

    def write(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Add a shard. keys: (n, 32) uint8, vectors: (n, dimension); n may be 0.

        Raises:
            VsaError: the disk is full; nothing of this shard is kept, all before it is.
        """
        if not len(keys):
            return
        records = np.zeros(len(keys), RECORD)
        records["key"] = np.ascontiguousarray(keys).view("<u8")
        stored = np.ascontiguousarray(vectors, STORED)
        records["crc"] = [zlib.crc32(row) for row in stored]
        table = records.tobytes()
        header = HEADER.pack(MAGIC, len(keys), self.dimension, hashlib.sha256(table).digest())
        try:
            self._write_spec()
            path = self.folder / f"{len(self._shards):06d}-{secrets.token_hex(4)}{SUFFIX}"
            _write_whole(path, (header, table, stored.data))
        except OSError as error:
            raise _not_written(self.folder, error) from error
        self._open(path)
        self._sort()

    def _write_spec(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "spec.json"
        if not path.exists():
            _write_whole(path, (json.dumps(self._spec, indent=2, sort_keys=True).encode(),))

    def _open(self, path: Path) -> None:
        records, offset = _read_table(path, self.dimension)
        vectors = np.memmap(path, STORED, mode="r", offset=offset, shape=(len(records), self.dimension))
        self._shards.append(_Shard(path, vectors, records["crc"].copy()))
        self._parts.append(records["key"])

    def _sort(self) -> None:
        self._keys = np.concatenate([np.zeros((0, 4), "<u8"), *self._parts])
        self._order = np.argsort(self._keys[:, 0], kind="stable")
        self._first = self._keys[self._order, 0]
        self._ends = np.cumsum([len(shard.vectors) for shard in self._shards])


def count_vectors(folder: Path) -> tuple[int, int]:
    """Vectors and bytes in a folder of shards, from the headers."""
    vectors = size = 0
    for path in folder.glob(f"*{SUFFIX}"):
        with path.open("rb") as file:
            vectors += _read_header(path, file)[0]
        size += path.stat().st_size
    return vectors, size


def _read_header(path: Path, file: BinaryIO) -> tuple[int, int, bytes]:
    header = file.read(HEADER.size)
    if len(header) < HEADER.size or not header.startswith(MAGIC):
        raise DataError(f"{path} is no feature shard: {AGAIN}.")
    _, count, dimension, digest = HEADER.unpack(header)
    return count, dimension, digest


def _read_table(path: Path, dimension: int) -> tuple[np.ndarray, int]:
    """The table of a shard and where its vectors begin."""
    with path.open("rb") as file:
        count, stored_dimension, digest = _read_header(path, file)
        table = file.read(count * RECORD.itemsize)
        offset = file.tell()
    expected = offset + count * stored_dimension * STORED.itemsize
    if hashlib.sha256(table).digest() != digest or path.stat().st_size != expected:
        raise DataError(f"{path} is damaged (truncated or overwritten): {AGAIN}.")
    if stored_dimension != dimension:
        raise DataError(f"{path} has vectors of {stored_dimension} numbers where {dimension} are expected: remove it.")
    return np.frombuffer(table, RECORD), offset


def _check(shard: _Shard, vectors: np.ndarray, places: np.ndarray) -> None:
    if any(zlib.crc32(row) != crc for row, crc in zip(vectors, shard.checksums[places].tolist(), strict=True)):
        raise DataError(f"{shard.path} is damaged (a vector is not what was written): {AGAIN}.")


def _write_whole(path: Path, parts: Sequence[bytes | memoryview]) -> None:
    """A file that is there whole or not at all, also after a crash."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _not_written(folder: Path, error: OSError) -> VsaError:
    kept = "all features written before are kept, and the same command goes on from there"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return VsaError(f"the disk of {folder} is full: free some space; {kept}.")
    return VsaError(f"features cannot be written to {folder}: {error.strerror or error}; {kept}.")
