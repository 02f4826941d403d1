"""CHiME-4's sets as lists of utterances, under ESPnet's set names and utterance ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.data.rows import Row
from espnet_kd.errors import UserError

TRACK = "isolated_1ch_track"  # a folder of the corpus, and the end of its sets' names
BOOTH_CHANNEL = 5  # the microphone CHiME-3 takes as reference
CHANNELS = "1 2 3 4 5 6"  # those of the tablet


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes:
        id: ESPnet's id, `F02_022C0204_BUS.CH1_REAL`.
        name: CHiME-4's name, `F02_022C0204_BUS`.
        channel: microphone, or None where it is unknown or meaningless.
        category: SIMU, REAL or CLEAN.
        environment: BUS, CAF, PED, STR, BTH or ORG.
        audio: path of the recording; text, for of a Path copies are slow to make and large.
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
    """Training channels from "1 2 3 4 5 6".

    Raises:
        UserError: none, one twice, or one that is no tablet microphone; CH0 is the close-talk one.
    """
    channels = text.split()
    for channel in channels:
        if channel == "0":
            raise UserError(
                "--channels",
                "holds 0: CH0 is a close-talk microphone on another recorder, neither clean nor a "
                "training channel",
                "choose from 1 2 3 4 5 6",
            )
        if channel not in tuple("123456"):
            raise UserError("--channels", f"holds '{channel}'", "choose from 1 2 3 4 5 6")
    if not channels or len(set(channels)) < len(channels):
        raise UserError(
            "--channels", f"value '{text}' is empty or names one twice", "list each once"
        )
    return sorted(map(int, channels))


def training_set(tree: Chime4Tree, kind: str, channels: Sequence[int]) -> Iterator[Utterance]:
    """tr05_simu or tr05_real, each channel an utterance of its own; failing ones included.

    They come sorted by id, as those of the other sets do.
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
    """The 1-channel track of dt05 or et05, simu or real.

    The audio is `isolated_1ch_track`; where that folder is absent, the channel of the track list in
    `isolated`. Without a track list the channel is None.

    Args:
        tree: the corpus.
        part: `dt05` or `et05`.
        kind: `simu` or `real`.
        allow_partial: an utterance the list does not name is as one without a list; if the folder
            is absent too, its audio is a file that is not there.

    Raises:
        UserError: neither that folder nor a track list; an utterance the list does not name.
    """
    stem, category = f"{part}_{kind}", kind.upper()
    channels = tree.track_channels(stem)
    track = tree.audio / TRACK
    if channels is None and not track.is_dir():
        raise UserError(
            track, f"is absent, and so is {stem}_1ch_track.list", "give --extra_annotations"
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
    """Clean speech: `tr05_org` (WSJ0) or a booth set such as `dt05_bth`."""
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
    """Rows of a set directory.

    Args:
        present: utterances of one set and their samples, sorted by id.
        references: clean reference of each, or None for a set without any.
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
