"""Whether a directory holds a finished corpus, an unfinished one, or something else."""

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
    """Tell what a finished directory was made from; None if it is no work of the generator."""
    marker = root / MARKER
    return json.loads(marker.read_text()) if marker.exists() else None


class Output:
    """A directory that is written over time and marked when finished.

    Args:
        root: the directory; it need not exist.
        parameters: what its content is made from.
        owned: pattern of the folders below it that a run writes.

    Raises:
        UserError: the directory holds another corpus, or something that is none.
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
                raise UserError(root, f"holds a corpus of {held}", "remove it or name another one")
        elif root.is_dir() and any(root.iterdir()) and not self.parts.is_dir():
            raise UserError(
                root, "is not empty and no mini CHiME-4", "name an empty or a new directory"
            )

    @property
    def finished(self) -> bool:
        """Whether everything is there."""
        return self._marker.exists()

    @property
    def _marker(self) -> Path:
        return self.root / MARKER

    def begun(self, request: dict[str, object]) -> bool:
        """Tell whether an interrupted run with this very request has left its work here."""
        asked = self.parts / _REQUEST
        return asked.exists() and json.loads(asked.read_text()) == request

    def begin(self, request: dict[str, object]) -> None:
        """Mark as unfinished, and remove what an earlier run has made."""
        self.parts.mkdir(parents=True, exist_ok=True)
        self._marker.unlink(missing_ok=True)
        for old in self.parts.iterdir():
            old.unlink()
        for folder in self.root.glob(self.owned):
            shutil.rmtree(folder)
        write_text(self.parts / _REQUEST, json.dumps(request))

    def finish(self) -> None:
        """Mark as finished."""
        write_text(self._marker, json.dumps(self.parameters, sort_keys=True) + "\n")
        shutil.rmtree(self.parts)
