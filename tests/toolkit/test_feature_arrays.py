from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.feature_arrays import open_array

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_numpy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "one.npz", feats=VALUES)
    np.savez(tmp_path / "two.npz", feats=VALUES, other=VALUES + 1)
    np.testing.assert_array_equal(open_array(tmp_path / "a.npy", None, 3), VALUES)
    np.testing.assert_array_equal(open_array(tmp_path / "one.npz", None, 3), VALUES)
    np.testing.assert_array_equal(open_array(tmp_path / "two.npz", "other", 3), VALUES + 1)
    with pytest.raises(UserError, match=r"2 arrays \(feats, other\): name one with --array"):
        open_array(tmp_path / "two.npz", None, 3)


def test_hdf5_and_matlab_files_of_both_versions(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="the extra [arrays] is not installed")
    io = pytest.importorskip("scipy.io", reason="the extra [arrays] is not installed")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/feats"] = VALUES
    io.savemat(tmp_path / "vgg_feats.mat", {"feats": VALUES.T, "names": np.array(["x"])})  # neuraltalk's is d × rows
    with h5py.File(tmp_path / "new.mat", "w", userblock_size=512) as file:
        file["feats"] = VALUES  # MATLAB's d × rows is rows × d in HDF5
    header = b"MATLAB 7.3 MAT-file".ljust(116) + b"\0" * 8 + b"\x00\x02IM"
    with (tmp_path / "new.mat").open("r+b") as raw:
        raw.write(header)
    for name in ("a.h5", "vgg_feats.mat", "new.mat"):
        np.testing.assert_array_equal(np.asarray(open_array(tmp_path / name, None, 3)), VALUES)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    np.save(tmp_path / "flat.npy", VALUES.ravel())
    (tmp_path / "broken.npy").write_bytes(b"nothing")
    (tmp_path / "a.pt").write_bytes(b"")
    with pytest.raises(DataError, match=r"3 × 4 numbers, the file of rows names 5 rows"):
        open_array(tmp_path / "a.npy", None, 5)
    with pytest.raises(DataError, match="shape"):
        open_array(tmp_path / "flat.npy", None, 12)
    with pytest.raises(DataError, match=r"broken\.npy cannot be read"):
        open_array(tmp_path / "broken.npy", None, 3)
    with pytest.raises(UserError, match=r"\.npy, \.npz"):
        open_array(tmp_path / "a.pt", None, 3)
    with pytest.raises(UserError, match="does not exist"):
        open_array(tmp_path / "none.npy", None, 3)
