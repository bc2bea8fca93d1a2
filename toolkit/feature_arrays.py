"""Arrays of features in the files that people have: .npy, .npz, .h5, .mat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, UserError

NEURALTALK = "feats"  # the array of vgg_feats.mat


def open_array(file: Path, name: str | None, rows: int) -> Any:
    """The array (rows, d) of a file, memory-mapped or read on demand where its format allows.

    `name` chooses among several; an array (d, rows), as neuraltalk's vgg_feats.mat has it, is turned.

    Raises:
        UserError: the file does not exist or is of no kind that is known, or has several arrays and none was named.
        DataError: it cannot be read, or is not of that many rows.
    """
    openers: dict[str, Callable[[Path, str | None], Any]] = {
        ".npy": _npy,
        ".npz": _npz,
        ".h5": _hdf5,
        ".hdf5": _hdf5,
        ".mat": _mat,
    }
    if not file.is_file():
        raise UserError(f"features file {file} does not exist.")
    if file.suffix.lower() not in openers:
        raise UserError(f"{file} is no features file: {', '.join(openers)} are known.")
    try:
        found = openers[file.suffix.lower()](file, name)
    except (OSError, ValueError, EOFError, NotImplementedError) as error:
        raise DataError(f"{file} cannot be read: {error}.") from error
    if len(found.shape) != 2 or not np.issubdtype(found.dtype, np.number):
        raise DataError(
            f"{file} has an array of shape {found.shape} and type {found.dtype}: rows × numbers is expected."
        )
    if found.shape[0] == rows:
        return found
    if found.shape[1] == rows:
        return np.asarray(found).T
    raise DataError(
        f"{file} has {found.shape[0]:,} × {found.shape[1]:,} numbers, the file of rows names {rows:,} rows."
    )


def _npy(file: Path, name: str | None) -> Any:
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _npz(file: Path, name: str | None) -> Any:
    return _choose(np.load(file, allow_pickle=False), name, file)


def _hdf5(file: Path, name: str | None) -> Any:
    h5py = _library("h5py", file)
    opened = h5py.File(file, "r")
    arrays: dict[str, Any] = {}
    opened.visititems(lambda path, node: arrays.update({path: node} if isinstance(node, h5py.Dataset) else {}))
    found = _choose(arrays, name, file)
    # h5py reads rows only in rising order and each once.
    return np.asarray(found)


def _mat(file: Path, name: str | None) -> Any:
    io = _library("scipy.io", file)
    try:
        arrays = {key: value for key, value in io.loadmat(file).items() if not key.startswith("__")}
    except NotImplementedError:  # MATLAB's version 7.3 is HDF5, with its axes turned
        return _hdf5(file, name)
    return _choose(arrays, name or (NEURALTALK if NEURALTALK in arrays else None), file)


def _choose(arrays: Mapping[str, Any], name: str | None, file: Path) -> Any:
    names = list(arrays)
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        asked = "" if name is None else f"no array {name!r}, "
        raise UserError(f"{file} has {asked}{len(names)} arrays ({', '.join(names)}): name one with --array.")
    return arrays[name]


def _library(name: str, file: Path) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f'{file}: reading {file.suffix} needs {name.partition(".")[0]}: pip install "vsa-toolkit[arrays]".'
        ) from error
