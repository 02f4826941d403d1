"""Read the utterances of a set directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.data.kaldi_dir import Tables, read_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_lengths, read_paths


@dataclass(frozen=True)
class Utterance:
    """One utterance of a set.

    Attributes:
        name: utterance id.
        wave: audio file.
        num_samples: length in samples.
        text: transcript, if requested.
        align: center of each token in milliseconds, if requested.
        output: file for the enhanced waveform, if the utterance is to be enhanced.
        channels: audio files of all usable microphones, its own first, if they are to be combined.
    """

    name: str
    wave: str
    num_samples: int
    text: str | None = None
    align: tuple[int, ...] | None = None
    output: Path | None = None
    channels: tuple[str, ...] = ()


def read_utterances(
    set_dir: str | os.PathLike, text_name: str | None = None, align_name: str | None = None
) -> list[Utterance]:
    """Read the utterances of a set directory, sorted by id.

    Args:
        set_dir: set directory.
        text_name: file name of the transcripts, if needed.
        align_name: file name of the alignments, if needed.

    Raises:
        UserError: a file is missing, the set is speed-perturbed, or an alignment contains
            something other than integers; see also `read_set`.
    """
    tables = read_set(set_dir)
    if "utt2speed" in tables:
        raise UserError(set_dir, "is speed-perturbed (utt2speed)", "give the original set")
    texts = _table(set_dir, tables, text_name)
    aligns = _table(set_dir, tables, align_name)
    return [
        Utterance(
            name,
            wave,
            int(tables["utt2num_samples"][name]),
            texts.get(name),
            _milliseconds(Path(set_dir) / align_name, name, aligns[name]) if align_name else None,
        )
        for name, wave in tables["wav.scp"].items()
    ]


def read_recordings(directory: str | os.PathLike) -> list[Utterance]:
    """Read `wav.scp` and `utt2num_samples` of a set directory or of an enhanced set, sorted by id.

    Raises:
        UserError: a file is missing, or `utt2num_samples` lacks an utterance.
    """
    lengths = Path(directory) / "utt2num_samples"
    samples = read_lengths(lengths)
    recordings = read_paths(Path(directory) / "wav.scp")
    for name in recordings:
        if name not in samples:
            raise UserError(lengths, f"has no length of '{name}'", "run the stage that writes it")
    return [Utterance(name, wave, samples[name]) for name, wave in recordings.items()]


def _table(set_dir: str | os.PathLike, tables: Tables, name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    if name not in tables:
        raise UserError(Path(set_dir) / name, "does not exist", "run the stage that writes it")
    return tables[name]


def _milliseconds(path: Path, name: str, value: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in value.split())
    except ValueError:
        raise UserError(
            path, f"'{name}' has '{value}', not integers", "align the set again"
        ) from None
