"""`base: other.yaml` in a YAML: start from the settings of other files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from espnet_kd.errors import UserError

Files = list[tuple[Path, dict[str, Any]]]


def read_with_bases(path: str | os.PathLike) -> Files:
    """Read a file and its bases, each with its settings, in an order in which a later one wins.

    `base` is a path from the file that has it, or a list of such paths, of which a later one wins.
    The file itself comes last.

    Raises:
        UserError: a file that is not there, is no YAML or no settings, or leads in a circle.
    """
    return _read_with_bases(Path(path), ())


def merged(files: Files) -> dict[str, Any]:
    """Join settings of `read_with_bases`; a key of a file replaces the whole value of its bases."""
    settings: dict[str, Any] = {}
    for _, values in files:
        settings.update(values)
    return settings


def _read_with_bases(path: Path, inside: tuple[Path, ...]) -> Files:
    if path.resolve() in inside:
        raise UserError(path, "is its own base", "take out one `base`")
    mend = f"mend `base` of {inside[-1]}" if inside else "give the path of a YAML"
    values = _read(path, mend)
    base = values.pop("base", None) or []
    files = []
    for name in [base] if isinstance(base, str) else base:
        files += _read_with_bases(path.parent / name, (*inside, path.resolve()))
    return [*files, (path, values)]


def _read(path: Path, mend: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise UserError(path, "cannot be read", mend) from None
    except yaml.YAMLError as error:
        raise UserError(path, f"is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise UserError(path, "holds no settings", "write key: value")
    return values
