"""Read and write the file of acoustic tokens, which holds centroids of latents."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path


@dataclass(frozen=True)
class Centroids:
    """The centroids that define the acoustic tokens.

    Attributes:
        vectors: (K, D) float32, one per token.
        layer: layer of the recognizer whose latents were clustered; see Recognizer.encode.
        checksum: SHA-256 of the recognizer's checkpoint.
    """

    vectors: np.ndarray
    layer: int
    checksum: str


def write_centroids(path: str | os.PathLike, centroids: Centroids) -> None:
    """Write a .npz file atomically.

    Raises:
        UserError: the file name has another suffix.
    """
    check_suffix(path)
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            vectors=centroids.vectors,
            layer=centroids.layer,
            checksum=centroids.checksum,
        )


def read_centroids(path: str | os.PathLike) -> Centroids:
    """Read a file of `write_centroids`, without running any code stored in it.

    Raises:
        UserError: the file does not exist or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as values:
            return Centroids(
                np.asarray(values["vectors"], dtype=np.float32),
                int(values["layer"]),
                str(values["checksum"]),
            )
    except FileNotFoundError:
        raise UserError(path, "does not exist", "write it with bin/acoustic_tokens.py") from None
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        raise UserError(
            path, "is not a file of acoustic tokens", "write it with bin/acoustic_tokens.py"
        ) from None


def check_suffix(path: str | os.PathLike) -> None:
    """Reject a file name without the suffix .npz, which NumPy would add."""
    if not os.fspath(path).endswith(".npz"):
        raise UserError(path, "does not end with .npz", "add it")
