"""Which files to enhance, and where their outputs go; nothing is overwritten by mistake."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.inference.files.formats import SUFFIXES, Recording


@dataclass(frozen=True)
class Places:
    """Files to enhance.

    Attributes:
        pairs: audio files and their outputs.
        skipped: number of other files in the folder.
    """

    pairs: Sequence[tuple[Path, Path]]
    skipped: int = 0


def find_places(source: Path, out: Path, force: bool = False) -> Places:
    """Find the audio files of `source` and name their outputs.

    Args:
        source: a file, or a folder that is walked. In a folder, a file is audio if it is named so
            or can be read as audio; hidden files are not.
        out: a file or a folder for a file; a folder for a folder, which gets the same tree.
        force: whether outputs may exist.

    Raises:
        UserError: there is nothing to enhance, an output is an input, two outputs have one name, or
            an output exists.
    """
    if source.is_dir():
        places = _of_folder(source, out)
    else:
        places = Places([(source, out / source.name if out.is_dir() else out)])
    _check(places.pairs, force)
    return places


def _of_folder(source: Path, out: Path) -> Places:
    if out.exists() and not out.is_dir():
        raise UserError(out, "is a file, but the input is a folder", "give a folder")
    if out.exists() and out.samefile(source):
        raise UserError(out, "is the input", "give another folder")
    pairs, skipped = [], 0
    for folder, names, files in os.walk(source):
        # A folder of outputs below the input is not an input.
        names[:] = sorted(n for n in names if not (out.exists() and out.samefile(f"{folder}/{n}")))
        for path in (Path(folder, name) for name in sorted(files)):
            if _is_audio(path):
                pairs.append((path, _output(out / path.relative_to(source))))
            else:
                skipped += 1
    if not pairs:
        raise UserError(source, f"holds no audio file ({skipped} other files)", "give another one")
    return Places(pairs, skipped)


def _is_audio(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in SUFFIXES:
        return True  # if it cannot be read, that is an error
    try:
        Recording.open(path)
    except UserError:
        return False
    return True


def _output(path: Path) -> Path:
    return path if path.suffix.lower() in SUFFIXES else path.with_name(f"{path.name}.wav")


def _check(pairs: Sequence[tuple[Path, Path]], force: bool) -> None:
    sources = {os.path.realpath(path) for path, _ in pairs}
    outputs = [out for _, out in pairs]
    for out in outputs:
        if os.path.realpath(out) in sources:
            raise UserError(out, "is an input", "give another output")
    (often, count), *_ = Counter(outputs).most_common(1)
    if count > 1:
        raise UserError(often, "would be the output of two files", "rename one of them")
    existing = [out for out in outputs if out.exists()]
    if existing and not force:
        more = f" (and {len(existing) - 1} more)" if len(existing) > 1 else ""
        raise UserError(existing[0], f"exists{more}", "give --force to overwrite")
