"""Read a YAML that starts from the settings of other files: `base: other.yaml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from espnet_kd.errors import UserError

Files = list[tuple[Path, dict[str, Any]]]


def read_with_bases(path: str | os.PathLike) -> Files:
    """Return a file and its bases, each with its settings; later entries override earlier ones.

    `base` is a path relative to the file that contains it, or a list of such paths, in which later
    ones override earlier ones. The file itself comes last.

    Raises:
        UserError: a file cannot be read, is not YAML, holds no settings, or is its own base.
    """
    return _read_with_bases(Path(path), ())


def merged(files: Files) -> dict[str, Any]:
    """Merge the settings of `read_with_bases`; a key replaces the whole value in earlier files."""
    settings: dict[str, Any] = {}
    for _, values in files:
        settings.update(values)
    return settings


def _read_with_bases(path: Path, inside: tuple[Path, ...]) -> Files:
    if path.resolve() in inside:
        raise UserError(path, "is its own base", "remove one `base`")
    fix = f"correct `base` in {inside[-1]}" if inside else "give the path of a YAML"
    values = _read(path, fix)
    base = values.pop("base", None) or []
    files = []
    for name in [base] if isinstance(base, str) else base:
        files += _read_with_bases(path.parent / name, (*inside, path.resolve()))
    return [*files, (path, values)]


def _read(path: Path, fix: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise UserError(path, "cannot be read", fix) from None
    except yaml.YAMLError as error:
        raise UserError(path, f"is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise UserError(path, "holds no settings", "write key: value")
    return values
