"""The state of a directory: it holds a finished corpus, an unfinished one, or something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_text

MARKER = "mini_chime4.json"
_UNFINISHED = ".mini_chime4_unfinished"
_REQUEST = "request"


def marked_parameters(root: Path) -> dict[str, object] | None:
    """Return the parameters of a finished directory, or None if the generator did not finish it."""
    marker = root / MARKER
    return json.loads(marker.read_text()) if marker.exists() else None


class Output:
    """A directory that the generator writes and marks when it is finished.

    Args:
        root: the directory; it need not exist.
        parameters: what determines its content.
        owned: pattern of the folders in it that a run writes.

    Raises:
        UserError: the directory holds another corpus, or something that is not a corpus.
    """

    def __init__(self, root: Path, parameters: dict[str, object], owned: str):
        self.root = root
        self.parameters = parameters
        self.owned = owned
        self.parts = root / _UNFINISHED
        if root.exists() and not root.is_dir():
            raise UserError(root, "is not a directory", "name another one")
        held = marked_parameters(root)
        if held is not None:
            if held != parameters:
                raise UserError(
                    root, f"holds a corpus made with {held}", "remove it or name another one"
                )
        elif root.is_dir() and any(root.iterdir()) and not self.parts.is_dir():
            raise UserError(
                root, "is not empty and is not a mini CHiME-4", "name an empty or a new directory"
            )

    @property
    def finished(self) -> bool:
        """Whether the directory is marked as finished."""
        return self._marker.exists()

    @property
    def _marker(self) -> Path:
        return self.root / MARKER

    def begun(self, request: dict[str, object]) -> bool:
        """Return whether an interrupted run with exactly this request left its work here."""
        asked = self.parts / _REQUEST
        return asked.exists() and json.loads(asked.read_text()) == request

    def begin(self, request: dict[str, object]) -> None:
        """Mark the directory as unfinished, and remove what an earlier run wrote."""
        self.parts.mkdir(parents=True, exist_ok=True)
        self._marker.unlink(missing_ok=True)
        for old in self.parts.iterdir():
            old.unlink()
        for folder in self.root.glob(self.owned):
            shutil.rmtree(folder)
        write_text(self.parts / _REQUEST, json.dumps(request))

    def finish(self) -> None:
        """Mark the directory as finished."""
        write_text(self._marker, json.dumps(self.parameters, sort_keys=True) + "\n")
        shutil.rmtree(self.parts)
