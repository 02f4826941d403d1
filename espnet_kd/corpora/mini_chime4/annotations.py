"""Write the files that CHiME-4 has besides audio: JSON, transcripts, track lists, mic_error.csv."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from espnet_kd.corpora.chime4.utterances import TRACK
from espnet_kd.corpora.mini_chime4.array import BACKWARD
from espnet_kd.corpora.mini_chime4.faults import WORKING
from espnet_kd.corpora.mini_chime4.names import folder_of, name_of
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.tasks import Annotations
from espnet_kd.fileio import write_lines, write_text

# Fields needed only to write the other files; CHiME-4's JSON does not have them.
_OWN_FIELDS = ("correlations",)
_TRACKS = {"1ch": 1, "2ch": 2}


def write_annotations(
    annotations: Annotations, words: dict[str, str], data: Path, seed: int
) -> None:
    """Write `annotations` and `transcriptions`, and fill `isolated_1ch_track` with hard links.

    Args:
        annotations: annotations of each set, by name, e.g. "dt05_real".
        words: spoken words of each WSJ id.
        data: the `data` directory of the corpus, which already holds the audio.
        seed: seed of the corpus; it determines the channels in the track lists.
    """
    for name, items in annotations.items():
        public = [{k: v for k, v in item.items() if k not in _OWN_FIELDS} for item in items]
        write_text(data / "annotations" / f"{name}.json", json.dumps(public, indent=2) + "\n")
        # The transcripts of these two sets are in WSJ0.
        if name not in ("tr05_simu", "tr05_org"):
            _write_transcripts(name, items, words, data / "transcriptions")
    _write_microphone_errors(annotations, data / "annotations" / "mic_error.csv")
    for name in ("dt05_simu", "dt05_real", "et05_simu", "et05_real"):
        _write_track_lists(name, annotations[name], data, seed)


def _write_transcripts(
    name: str, items: Iterable[dict], words: dict[str, str], transcriptions: Path
) -> None:
    dot_lines, trn_lines = [], []
    for item in items:
        utterance = name_of(item)
        dot = f"{item['dot']} ({utterance})"
        trn = f"{utterance} {words[item['wsj_name']]}"
        stem = transcriptions / folder_of(name, item["environment"]) / utterance
        write_lines(stem.with_suffix(".dot"), [dot])
        write_lines(stem.with_suffix(".trn"), [trn])
        dot_lines.append(dot)
        trn_lines.append(trn)
    write_lines(transcriptions / f"{name}.dot_all", dot_lines)
    write_lines(transcriptions / f"{name}.trn_all", trn_lines)


def _write_microphone_errors(annotations: Annotations, path: Path) -> None:
    lines = ["utterance," + ",".join(f"CH{channel}" for channel in range(1, 7))]
    for name in ("tr05_real", "dt05_real", "et05_real"):
        for item in annotations[name]:
            values = ",".join(f"{value:.4f}" for value in item["correlations"])
            lines.append(f"{name_of(item)},{values}")
    write_lines(path, lines)


def _write_track_lists(name: str, items: Iterable[dict], data: Path, seed: int) -> None:
    rows = []
    audio = data / "audio" / "16kHz"
    for item in items:
        utterance, folder = name_of(item), folder_of(name, item["environment"])
        channels = _pick_channels(item, generator(seed, "track", name, utterance))
        rows.append([f"{folder}/{utterance}.CH{channel}.wav" for channel in channels])
        target = audio / TRACK / folder / f"{utterance}.wav"
        _link(audio / "isolated" / rows[-1][0], target)
    for track, columns in _TRACKS.items():
        lines = (" ".join(row[:columns]) for row in rows)
        write_lines(data / "annotations" / f"{name}_{track}_track.list", lines)


def _pick_channels(item: dict, rng: np.random.Generator) -> list[int]:
    """Draw two working channels, but never the one that faces backwards."""
    values = item.get("correlations", [1.0] * 6)
    working = [k + 1 for k, value in enumerate(values) if value > WORKING and k != BACKWARD]
    return rng.permutation(working)[:2].tolist()


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
