"""WSJ's training set of 284 speakers, WSJ0's 84 and WSJ1's 200, under ESPnet's name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from espnet_kd.corpora.transcripts import clean_transcript
from espnet_kd.corpora.wsj_audio import convert_recordings
from espnet_kd.corpora.wsj_tree import WsjTree
from espnet_kd.data.audio import scan_lengths
from espnet_kd.data.kaldi_dir import Tables
from espnet_kd.errors import UserError

NAME = "train_si284"
SIZE = 37416  # as ESPnet's and Kaldi's recipes count it
WSJ0_INDEX = "wsj0/doc/indices/train/tr_s_wv1.ndx"
WSJ1_INDEX = "wsj1/doc/indices/si_tr_s.ndx"
# Named by the index of WSJ0 but not part of the set, in those recipes either.
LEFT_OUT = ("11_2_1", "wsj0/si_tr_s/401/")


def training_set(
    wsj0: WsjTree, wsj1: WsjTree, audio: Path, nj: int, allow_partial: bool = False
) -> Tables:
    """Tables of the set; ids are `011c0201_CLEAN`.

    Args:
        wsj0: corpus of 7138 of its recordings.
        wsj1: corpus of the others.
        audio: folder of the FLAC copies that are made.
        nj: number of processes.
        allow_partial: take what is there, and say how much.

    Raises:
        UserError: recordings or transcripts missing, or other than SIZE utterances, unless that is
            allowed; and as `clean_transcript` and `convert_recordings`.
    """
    sources, texts, absent = {}, {}, []
    for tree, index in ((wsj0, WSJ0_INDEX), (wsj1, WSJ1_INDEX)):
        for disc, file in tree.index(index):
            if disc == LEFT_OUT[0] and file.startswith(LEFT_OUT[1]):
                continue
            name = PurePosixPath(file).stem
            source, raw = tree.file(file), tree.transcript(name)
            if source is None or raw is None:
                what = "recording" if source is None else "transcript"
                absent.append(f"{tree.root} lacks the {what} of {name} ({file})")
                continue
            sources[name], texts[name] = source, clean_transcript(raw, name, tree.root)
    _check_size(len(sources), absent, allow_partial)
    copies = convert_recordings(sources, audio, nj)
    names = sorted(sources)
    lengths = scan_lengths([str(copies[name]) for name in names], nj, f"{NAME} headers")
    columns = {
        "wav.scp": {name: str(copies[name]) for name in names},
        "text": texts,
        "utt2spk": {name: name[:3] for name in names},
        "utt2category": dict.fromkeys(names, "CLEAN"),
        "utt2num_samples": {name: str(n) for name, n in zip(names, lengths, strict=True)},
    }
    return {
        file: {f"{name}_CLEAN": column[name] for name in names} for file, column in columns.items()
    }


def _check_size(size: int, absent: list[str], allow_partial: bool) -> None:
    print(f"{NAME}: {size} utterances, {SIZE} expected")
    if absent:
        print(f"{NAME}: {len(absent)} named but not there, first: {absent[0]}")
    if size == 0 or (size != SIZE and not allow_partial):
        first = f"; {absent[0]}" if absent else ""
        raise UserError(
            NAME,
            f"{size} utterances, {SIZE} expected{first}",
            "restore WSJ0 and WSJ1, or go on with what is there: --allow_partial true",
        )
