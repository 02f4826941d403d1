"""The background recordings of CHiME-4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.errors import UserError


def find_backgrounds(tree: Chime4Tree, channels: Sequence[int]) -> dict[str, Path]:
    """Return the absolute path of each recording by name, such as `BGD_150203_010_BUS.CH5`.

    Raises:
        UserError: there are no recordings of these channels.
    """
    folder = tree.audio / "backgrounds"
    found = {path.stem: path for n in channels for path in folder.glob(f"*.CH{n}.wav")}
    if not found:
        names = ", ".join(f"*.CH{n}.wav" for n in channels)
        raise UserError(
            folder, f"has no recordings {names}", "restore the backgrounds of the corpus"
        )
    return found
