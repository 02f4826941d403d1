"""Files of an enhanced set: what they were made from, which are done, which are no use."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_text

WAVE = ".wav"
NOT_FINITE = ".not_finite"  # an empty file in place of a wave


def wave_path(directory: str | os.PathLike, name: str) -> Path:
    """Absolute path of the output of an utterance."""
    return Path(os.path.abspath(directory)) / "wav" / f"{name}{WAVE}"


def begin_outputs(directory: str | os.PathLike, record_name: str, inputs: str) -> None:
    """Make `directory` ready; what was made from other inputs, or left by a kill, is removed.

    Not to be called while jobs write there.

    Args:
        directory: where outputs go.
        record_name: file of `directory` that says what it is made from.
        inputs: lines of `checksums`, of checkpoint, configuration, lists; settings after `# `.

    Raises:
        UserError: the directory holds something else.
    """
    directory = Path(directory)
    record = directory / record_name
    if record.exists():
        if _is_of(record, inputs):
            for half_written in directory.glob(f"wav/.*{WAVE}"):
                half_written.unlink()
            return
        print(f"{directory}: was made from other inputs, doing it again", file=sys.stderr)
        # The old record stays until the rest is gone: if killed here, the next run goes on.
        for entry in directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry != record:
                entry.unlink()
    elif directory.is_dir() and any(directory.iterdir()):
        raise UserError(directory, f"holds files but no {record_name}", "give another --out")
    write_text(record, inputs)


def check_begun(directory: str | os.PathLike, record_name: str, inputs: str) -> None:
    """Refuse to add to a directory that `begin_outputs` did not make ready for these inputs."""
    record = Path(directory) / record_name
    if not (record.exists() and _is_of(record, inputs)):
        raise UserError(directory, "is not ready for these inputs", "run --part begin first")


def finished(directory: str | os.PathLike) -> dict[str, bool]:
    """Utterances that are done, and whether the output of each is finite.

    Files are complete, because each is renamed into place.
    """
    folder = Path(directory) / "wav"
    names = os.listdir(folder) if folder.is_dir() else []
    names = [name for name in names if not name.startswith(".")]  # half-written
    done = {name.removesuffix(WAVE): True for name in names if name.endswith(WAVE)}
    spoilt = (name for name in names if name.endswith(NOT_FINITE))
    return done | {name.removesuffix(NOT_FINITE): False for name in spoilt}


def mark_not_finite(path: Path) -> None:
    """Say of an utterance that its output, meant for `path`, is no use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name.removesuffix(WAVE) + NOT_FINITE).touch()


def check_complete(directory: str | os.PathLike, names: Sequence[str]) -> None:
    """Refuse a set of which utterances are not done."""
    missing = sorted(set(names) - finished(directory).keys())
    if missing:
        raise UserError(
            directory,
            f"lacks {len(missing)} of {len(names)} utterances ('{missing[0]}')",
            "run the jobs that enhance first",
        )


def _is_of(record: Path, inputs: str) -> bool:
    """Whether it has the same checksums and settings; files may have moved."""
    return _facts(record.read_text(encoding="utf-8")) == _facts(inputs)


def _facts(lines: str) -> list[str]:
    return [line if line.startswith("#") else line.split()[0] for line in lines.splitlines()]
