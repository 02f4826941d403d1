"""WSJ's training set of 284 speakers (84 of WSJ0, 200 of WSJ1), under ESPnet's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from operator import attrgetter
from pathlib import Path, PurePosixPath

from espnet_kd.corpora.wsj.audio import convert_recordings, copy_path
from espnet_kd.corpora.wsj.transcripts import clean_transcript
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.data.audio import scan_lengths
from espnet_kd.data.rows import Row
from espnet_kd.data.spool import sorted_spool
from espnet_kd.errors import UserError

NAME = "train_si284"
SIZE = 37416  # as counted by the recipes of ESPnet and Kaldi
WSJ0_INDEX = "wsj0/doc/indices/train/tr_s_wv1.ndx"
WSJ1_INDEX = "wsj1/doc/indices/si_tr_s.ndx"
# Listed in WSJ0's index but not part of the set, as in those recipes.
LEFT_OUT = ("11_2_1", "wsj0/si_tr_s/401/")


@dataclass(frozen=True)
class Recording:
    """A recording of the set: its name (`011c0201`), file on disc and transcript."""

    name: str
    source: Path
    text: str

    @property
    def id(self) -> str:
        return f"{self.name}_CLEAN"


@dataclass
class _Indexed:
    """Recordings of the indices that exist; counts the missing ones and keeps the first."""

    trees: Sequence[tuple[WsjTree, str]]
    absent: int = 0
    first_absent: str = ""

    def __iter__(self) -> Iterator[Recording]:
        for tree, index in self.trees:
            for disc, file in tree.index(index):
                if disc == LEFT_OUT[0] and file.startswith(LEFT_OUT[1]):
                    continue
                name = PurePosixPath(file).stem
                source, raw = tree.file(file), tree.transcript(name)
                if source is None or raw is None:
                    what = "recording" if source is None else "transcript"
                    self.absent += 1
                    self.first_absent = self.first_absent or (
                        f"{tree.root} lacks the {what} of {name} ({file})"
                    )
                else:
                    yield Recording(name, source, clean_transcript(raw, name, tree.root))


def training_set(
    wsj0: WsjTree, wsj1: WsjTree, audio: Path, nj: int, allow_partial: bool = False
) -> Iterator[Row]:
    """Yield the rows of the set; ids have the form `011c0201_CLEAN`.

    Args:
        wsj0: corpus with 7138 of the recordings.
        wsj1: corpus with the others.
        audio: folder for the FLAC copies.
        nj: number of processes.
        allow_partial: accept an incomplete set, and report its size.

    Raises:
        UserError: the number of utterances is not SIZE, unless `allow_partial`, or is 0; also as
            `clean_transcript` and `convert_recordings`.
    """
    indexed = _Indexed(((wsj0, WSJ0_INDEX), (wsj1, WSJ1_INDEX)))
    recordings = sorted_spool(indexed, key=attrgetter("id"))
    _check_size(len(recordings), indexed, allow_partial)
    convert_recordings(((r.name, r.source) for r in recordings), audio, nj)
    copies = (str(copy_path(audio, r.name)) for r in recordings)
    copies, paths = tee(copies)
    lengths = scan_lengths(paths, nj, f"{NAME} headers")
    for recording, copy, length in zip(recordings, copies, lengths, strict=True):
        yield (
            recording.id,
            {
                "wav.scp": copy,
                "text": recording.text,
                "utt2spk": recording.name[:3],
                "utt2category": "CLEAN",
                "utt2num_samples": str(length),
            },
        )


def _check_size(size: int, indexed: _Indexed, allow_partial: bool) -> None:
    print(f"{NAME}: {size} utterances, {SIZE} expected")
    if indexed.absent:
        print(f"{NAME}: {indexed.absent} listed but missing, first: {indexed.first_absent}")
    if size == 0 or (size != SIZE and not allow_partial):
        first = f"; {indexed.first_absent}" if indexed.absent else ""
        raise UserError(
            NAME,
            f"{size} utterances, {SIZE} expected{first}",
            "restore WSJ0 and WSJ1, or continue with what is there: --allow_partial true",
        )
