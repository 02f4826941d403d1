"""Enhance a whole set into a directory of files, resumably."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_kd.checkpoint import checksums
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_text
from espnet_kd.inference.audio import write_wave
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance, equal_length_batches


@dataclass
class Outcome:
    """What happened while a set was enhanced.

    Attributes:
        not_finite: utterances whose output has NaN or infinite samples; they are not written.
        clipped: number of clipped samples of each utterance that has any.
    """

    not_finite: list[str]
    clipped: dict[str, int]


def wave_path(directory: str | os.PathLike, name: str) -> Path:
    """Absolute path of the output of an utterance."""
    return Path(directory).resolve() / "wav" / f"{name}.wav"


def begin_outputs(
    directory: str | os.PathLike, record_name: str, inputs: Sequence[str | os.PathLike]
) -> None:
    """Make `directory` ready; outputs that were made from other inputs are removed.

    Args:
        directory: where outputs go.
        record_name: file of `directory` that holds the checksums of the inputs.
        inputs: files that the outputs are made from: checkpoint, configuration, lists.

    Raises:
        UserError: the directory holds something else.
    """
    directory = Path(directory)
    record = directory / record_name
    lines = checksums(inputs)
    if record.exists():
        if _hashes(record.read_text(encoding="utf-8")) == _hashes(lines):
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
    write_text(record, lines)


def enhance_to(
    directory: str | os.PathLike, utterances: Sequence[Utterance], enhancer: Enhancer, nj: int
) -> Outcome:
    """Write `directory/wav/<utterance>.wav` of every utterance that is not there yet.

    Args:
        directory: where outputs go; files there are complete, because each is renamed into place.
        utterances: what to enhance.
        enhancer: the model.
        nj: processes; ignored on a GPU.
    """
    directory = Path(directory)
    folder = directory / "wav"
    present = set(os.listdir(folder)) if folder.is_dir() else set()
    pending = [utt for utt in utterances if f"{utt.name}.wav" not in present]
    if len(pending) < len(utterances):
        print(f"{directory}: {len(utterances) - len(pending)} already there", file=sys.stderr)
    outcome = Outcome([], {})
    if not pending:
        return outcome

    def work(batch: list[Utterance]) -> list[tuple[str, int | None]]:
        return [
            (utt.name, _write(wave_path(directory, utt.name), wave))
            for utt, wave in zip(batch, enhancer(batch), strict=True)
        ]

    batches = equal_length_batches(pending)
    processes = nj if enhancer.device == "cpu" else 1
    start = time.monotonic()
    for result in fork_map(work, batches, processes, f"enhance {directory.name}"):
        for name, clipped in result:
            if clipped is None:
                outcome.not_finite.append(name)
            elif clipped:
                outcome.clipped[name] = clipped
    _report(directory, pending, time.monotonic() - start, outcome)
    return outcome


def _hashes(record: str) -> list[str]:
    return [line.split()[0] for line in record.splitlines()]


def _write(path: Path, wave: np.ndarray) -> int | None:
    return write_wave(path, wave) if np.isfinite(wave).all() else None


def _report(directory: Path, pending: list[Utterance], seconds: float, outcome: Outcome) -> None:
    audio = sum(utt.num_samples for utt in pending) / SAMPLE_RATE
    print(
        f"{directory}: {len(pending)} utterances, {audio:.0f} s of audio in {seconds:.1f} s, "
        f"real-time factor {seconds / audio:.3f}",
        file=sys.stderr,
    )
    if outcome.clipped:
        print(
            f"{directory}: {sum(outcome.clipped.values())} samples clipped in "
            f"{len(outcome.clipped)} utterances",
            file=sys.stderr,
        )
