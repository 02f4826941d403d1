"""What a set directory says about its utterances, and how they go into batches."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.kaldi_dir import Tables, read_set
from espnet_kd.errors import UserError

# Keeps the memory of a CPU process small and a GPU busy.
MAX_BATCH_SAMPLES = 20 * SAMPLE_RATE


@dataclass(frozen=True)
class Utterance:
    """One utterance of a set.

    Attributes:
        name: utterance id.
        wave: audio file.
        num_samples: its length.
        text: transcript, if asked for.
        align: centre of each character in milliseconds, if asked for.
    """

    name: str
    wave: str
    num_samples: int
    text: str | None = None
    align: tuple[int, ...] | None = None


def read_utterances(
    set_dir: str | os.PathLike, text_name: str | None = None, align_name: str | None = None
) -> list[Utterance]:
    """Read the utterances of a set directory, sorted by id.

    Args:
        set_dir: set directory.
        text_name: name of the transcripts' file, if needed.
        align_name: name of the alignments' file, if needed.

    Raises:
        UserError: an absent file, a speed-perturbed set, an alignment that is not of whole
            numbers, and all that `read_set` finds.
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


def equal_length_batches(
    utterances: Iterable[Utterance], max_samples: int = MAX_BATCH_SAMPLES
) -> list[list[Utterance]]:
    """Group utterances of exactly equal length, longest first.

    Nothing is padded, because the global layer norm of a stock Conv-TasNet sees padding: samples
    would depend on the batch. Channels of one recording are equally long, so batches do form.

    Args:
        utterances: what to group.
        max_samples: samples of a batch at most, unless a single utterance is longer.
    """
    batches = []
    ordered = sorted(utterances, key=lambda utterance: (-utterance.num_samples, utterance.name))
    for num_samples, group in groupby(ordered, key=lambda utterance: utterance.num_samples):
        members = list(group)
        size = max(1, max_samples // num_samples)
        batches += [members[start : start + size] for start in range(0, len(members), size)]
    return batches


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
        raise UserError(path, f"'{name}' has '{value}'", "align the set again") from None
