"""Utterances of CHiME-4's sets, with ESPnet's utterance ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.data.rows import Row
from espnet_kd.errors import UserError

TRACK = "isolated_1ch_track"  # a folder of the corpus, and the suffix of its sets' names
BOOTH_CHANNEL = 5  # the microphone that CHiME-3 uses as the reference
CHANNELS = "1 2 3 4 5 6"  # the tablet's microphones


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes:
        id: ESPnet's id, `F02_022C0204_BUS.CH1_REAL`.
        name: CHiME-4's name, `F02_022C0204_BUS`.
        channel: microphone, or None if it is unknown or does not apply.
        category: SIMU, REAL or CLEAN.
        environment: BUS, CAF, PED, STR, BTH or ORG.
        audio: path of the recording, as text because a Path is larger and slower to copy.
        text: normalized transcript.
        entry: the annotation.
    """

    id: str
    name: str
    channel: int | None
    category: str
    environment: str
    audio: str
    text: str
    entry: dict

    @property
    def speaker(self) -> str:
        return self.name.partition("_")[0]

    @property
    def wav(self) -> Path:
        return Path(self.audio)


def parse_channels(text: str) -> list[int]:
    """Return the sorted training channels from text such as "1 2 3 4 5 6".

    Raises:
        UserError: there are no channels, a channel appears twice, or it is not a microphone of the
            tablet (CH0 is the close-talk microphone).
    """
    channels = text.split()
    for channel in channels:
        if channel == "0":
            raise UserError(
                "--channels",
                "contains 0: CH0 is a close-talk microphone on another recorder, neither clean nor "
                "a training channel",
                "choose from 1 2 3 4 5 6",
            )
        if channel not in tuple("123456"):
            raise UserError("--channels", f"contains '{channel}'", "choose from 1 2 3 4 5 6")
    if not channels or len(set(channels)) < len(channels):
        raise UserError(
            "--channels", f"value '{text}' is empty or repeats a channel", "list each once"
        )
    return sorted(map(int, channels))


def training_set(tree: Chime4Tree, kind: str, channels: Sequence[int]) -> Iterator[Utterance]:
    """Yield the utterances of tr05_simu or tr05_real, sorted by id as in the other sets.

    Each channel is a separate utterance. Failing channels are included.
    """
    stem, category = f"tr05_{kind}", kind.upper()
    for name, entry in tree.sorted_annotations(stem, "."):
        text, environment = tree.transcript(stem, name, entry), entry["environment"]
        folder = tree.recordings(stem, environment)
        for channel in channels:
            yield Utterance(
                id=f"{name}.CH{channel}_{category}",
                name=name,
                channel=channel,
                category=category,
                environment=environment,
                audio=f"{folder}/{name}.CH{channel}.wav",
                text=text,
                entry=entry,
            )


def track_set(
    tree: Chime4Tree, part: str, kind: str, allow_partial: bool = False
) -> Iterator[Utterance]:
    """Yield the utterances of the 1-channel track of dt05 or et05, simu or real.

    The audio is in `isolated_1ch_track`. If that folder is missing, the audio is the recording in
    `isolated` of the channel that the track list names. Without a track list, the channel is None.

    Args:
        tree: the corpus.
        part: `dt05` or `et05`.
        kind: `simu` or `real`.
        allow_partial: treat an utterance that the track list lacks as if there were no list; if
            the folder is missing too, the file of its audio does not exist.

    Raises:
        UserError: both the folder and the track list are missing, or the list lacks an utterance.
    """
    stem, category = f"{part}_{kind}", kind.upper()
    channels = tree.track_channels(stem)
    track = tree.audio / TRACK
    if channels is None and not track.is_dir():
        raise UserError(
            track, f"is missing, and so is {stem}_1ch_track.list", "set --extra_annotations"
        )
    for name, entry in tree.sorted_annotations(stem, "_"):
        channel = None if channels is None else channels.get(name)
        if channels is not None and channel is None and not allow_partial:
            raise UserError(
                tree.annotation_file(f"{stem}_1ch_track.list"),
                f"does not name utterance '{name}' of {stem}.json",
                "restore the list",
            )
        folder = tree.recordings(stem, entry["environment"])
        if track.is_dir():
            wav = track / folder.name / f"{name}.wav"
        else:
            wav = folder / (f"{name}.wav" if channel is None else f"{name}.CH{channel}.wav")
        yield Utterance(
            id=f"{name}_{category}",
            name=name,
            channel=channel,
            category=category,
            environment=entry["environment"],
            audio=str(wav),
            text=tree.transcript(stem, name, entry),
            entry=entry,
        )


def clean_set(tree: Chime4Tree, stem: str) -> Iterator[Utterance]:
    """Yield the utterances of clean speech: `tr05_org` (WSJ0) or a booth set such as `dt05_bth`."""
    channel = BOOTH_CHANNEL if stem.endswith("_bth") else None
    suffix = "" if channel is None else f".CH{channel}"
    for name, entry in tree.sorted_annotations(stem, "_"):
        yield Utterance(
            id=f"{name}_CLEAN",
            name=name,
            channel=channel,
            category="CLEAN",
            environment=entry["environment"],
            audio=str(tree.recordings(stem, entry["environment"]) / f"{name}{suffix}.wav"),
            text=tree.transcript(stem, name, entry),
            entry=entry,
        )


def to_rows(
    present: Iterable[tuple[Utterance, int]], references: Iterable[str] | None = None
) -> Iterator[Row]:
    """Yield the rows of a set directory.

    Args:
        present: utterances of one set and their numbers of samples, sorted by id.
        references: clean reference of each utterance, or None for a set without references.
    """
    none = references is None
    for (u, length), reference in zip(
        present, repeat(None) if none else references, strict=not none
    ):
        values = {
            "wav.scp": u.audio,
            "text": u.text,
            "utt2spk": u.speaker,
            "utt2category": u.category,
            "utt2num_samples": str(length),
        }
        yield u.id, values if reference is None else {**values, "spk1.scp": reference}
