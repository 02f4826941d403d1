"""Write WSJ0 and WSJ1 with any number of training utterances, and stage 1's copies of them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.fake_audio import Recordings, samples_of
from benchmarks.fake_sentences import sentence, sentence_name
from espnet_kd.corpora.wsj.sets import WSJ0_INDEX, WSJ1_INDEX
from espnet_kd.data.noted_audio import write_noted
from espnet_kd.fileio import write_lines
from espnet_kd.origin import stamp

PART_OF_WSJ0 = 7138 / 37416
DOT = 6  # the name of a transcript file starts with this many characters of the utterance's


def write_wsj(wsj0: Path, wsj1: Path, size: int, recordings: Recordings, copies: Path) -> None:
    """Write the indices, transcripts and recordings of train_si284, and the FLAC copies.

    Args:
        wsj0, wsj1: directories of the discs.
        size: number of utterances in both together.
        recordings: files to link to in place of compressed ones.
        copies: folder of the FLAC copies, as stage 1 makes them.
    """
    border = round(size * PART_OF_WSJ0)
    _write(wsj0, WSJ0_INDEX, range(border), recordings, copies)
    _write(wsj1, WSJ1_INDEX, range(border, size), recordings, copies)


def _write(root: Path, index: str, numbers: range, recordings: Recordings, copies: Path) -> None:
    corpus = index.partition("/")[0]
    names = {sentence_name(number).lower(): number for number in numbers}
    files = {name: f"{corpus}/si_tr_s/{name[:3]}/{name}.wv1" for name in names}
    write_lines(root / index, (f"11_1_1:{file}" for file in files.values()))
    for start, group in groupby(names, key=lambda name: name[:DOT]):
        lines = (f"{sentence(names[name])} ({name})" for name in group)
        write_lines(root / f"{corpus}/transcrp/{start}00.dot", lines)
    for name, number in names.items():
        source = root / files[name]
        recordings.put(source, number)
        note = {"source": str(source), "made_of": stamp(source)}
        copy = copies / name[:3] / f"{name}.flac"
        write_noted(copy, np.zeros(samples_of(number), np.int16), note)
