"""Keep track of an enhanced set's files: their inputs, which are done, and which are unusable."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns, write_text

WAVE = ".wav"
RECORDINGS = "recordings"  # file with the stamps of the recordings that outputs are made of
NOT_FINITE = ".not_finite"  # suffix of an empty file that replaces the wav file


def wave_path(directory: str | os.PathLike, name: str) -> Path:
    """Return the absolute path of an utterance's output."""
    return Path(os.path.abspath(directory)) / "wav" / f"{name}{WAVE}"


def begin_outputs(directory: str | os.PathLike, record_name: str, inputs: str) -> None:
    """Prepare an output directory; remove outputs of other inputs and incomplete files.

    Do not call this while jobs write into the directory.

    Args:
        directory: directory for the outputs.
        record_name: file in `directory` that lists the inputs.
        inputs: lines of `checksums` for checkpoint, configuration and lists; settings after `# `.

    Raises:
        UserError: the directory contains other files.
    """
    directory = Path(directory)
    record = directory / record_name
    if record.exists():
        if _is_of(record, inputs):
            for half_written in directory.glob(f"wav/.*{WAVE}"):
                half_written.unlink()
            return
        print(f"{directory}: was made from other inputs, making it again", file=sys.stderr)
        # The old record is kept until the rest is removed: after a kill, the next run continues.
        for entry in directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry != record:
                entry.unlink()
    elif directory.is_dir() and any(directory.iterdir()):
        raise UserError(directory, f"contains files but no {record_name}", "give another --out")
    write_text(record, inputs)


def remove_outdated(directory: str | os.PathLike, recordings: Mapping[str, str]) -> None:
    """Remove the outputs of recordings that have changed since, and record what the others are of.

    Call it after `begin_outputs`, and not while jobs write into the directory.

    Args:
        directory: directory of the outputs.
        recordings: stamps of the recordings of each utterance, see `espnet_kd.origin`.
    """
    table = Path(directory) / RECORDINGS
    known = read_columns(table) if table.exists() else {}
    done = finished(directory)
    outdated = [n for n in done if n in recordings and known.get(n) != recordings[n]]
    for name in outdated:
        path = wave_path(directory, name)
        path.unlink(missing_ok=True)
        _not_finite_path(path).unlink(missing_ok=True)
    if outdated:
        print(
            f"{directory}: {len(outdated)} recordings have changed ('{min(outdated)}'), making "
            "their outputs again",
            file=sys.stderr,
        )
    write_columns(table, recordings)


def check_begun(directory: str | os.PathLike, record_name: str, inputs: str) -> None:
    """Check that `begin_outputs` has prepared a directory for these inputs.

    Raises:
        UserError: it has not.
    """
    record = Path(directory) / record_name
    if not (record.exists() and _is_of(record, inputs)):
        raise UserError(directory, "is not ready for these inputs", "run --part begin first")


def finished(directory: str | os.PathLike) -> dict[str, bool]:
    """Return the utterances that are done, and whether the output of each is finite.

    The files are complete, because each one is renamed into place.
    """
    folder = Path(directory) / "wav"
    names = os.listdir(folder) if folder.is_dir() else []
    names = [name for name in names if not name.startswith(".")]  # incomplete files
    done = {name.removesuffix(WAVE): True for name in names if name.endswith(WAVE)}
    not_finite = (name for name in names if name.endswith(NOT_FINITE))
    return done | {name.removesuffix(NOT_FINITE): False for name in not_finite}


def mark_not_finite(path: Path) -> None:
    """Mark the output of an utterance, which would be written to `path`, as not finite."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _not_finite_path(path).touch()


def _not_finite_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(WAVE) + NOT_FINITE)


def check_complete(directory: str | os.PathLike, names: Sequence[str]) -> None:
    """Check that all utterances of a set are done.

    Raises:
        UserError: some are not.
    """
    missing = sorted(set(names) - finished(directory).keys())
    if missing:
        raise UserError(
            directory,
            f"lacks {len(missing)} of {len(names)} utterances ('{missing[0]}')",
            "run the enhancement jobs first",
        )


def _is_of(record: Path, inputs: str) -> bool:
    """Return whether `record` has the same checksums and settings; files may have moved."""
    return _facts(record.read_text(encoding="utf-8")) == _facts(inputs)


def _facts(lines: str) -> list[str]:
    return [line if line.startswith("#") else line.split()[0] for line in lines.splitlines()]
