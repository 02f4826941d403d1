"""File of acoustic tokens: reading what was written, and bad files."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.distill.centroids import Centroids, read_centroids, write_centroids
from espnet_kd.errors import UserError

VECTORS = np.arange(6, dtype=np.float32).reshape(3, 2)


def test_round_trip(tmp_path):
    path = tmp_path / "new" / "tokens.npz"
    write_centroids(path, Centroids(VECTORS, 4, "abc"))
    found = read_centroids(path)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.vectors.dtype == np.float32
    assert (found.layer, found.checksum) == (4, "abc")
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.npz"]


def test_bad_files(tmp_path):
    with pytest.raises(UserError, match="absent.npz: does not exist; write it with bin/acoustic"):
        read_centroids(tmp_path / "absent.npz")
    path = tmp_path / "tokens.npz"
    for content in (b"", b"PK\x03\x04 broken", b"text"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="is not a file of acoustic tokens"):
            read_centroids(path)
    np.savez(path, vectors=VECTORS)  # without a layer
    with pytest.raises(UserError, match="is not a file of acoustic tokens"):
        read_centroids(path)
    np.save(tmp_path / "array.npy", VECTORS)
    with pytest.raises(UserError, match="is not a file of acoustic tokens"):
        read_centroids(tmp_path / "array.npy")
    with pytest.raises(UserError, match="does not end with .npz"):
        write_centroids(tmp_path / "tokens", Centroids(VECTORS, 4, "abc"))
