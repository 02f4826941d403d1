"""CHiME-4's sets as lists of utterances, under ESPnet's set names and utterance ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.corpora.chime4_tree import Chime4Tree
from espnet_kd.data.kaldi_dir import Tables
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
        wav: the audio.
        text: normalised transcript.
        entry: the annotation.
    """

    id: str
    name: str
    channel: int | None
    category: str
    environment: str
    wav: Path
    text: str
    entry: dict

    @property
    def speaker(self) -> str:
        return self.name.partition("_")[0]


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
    """tr05_simu or tr05_real, each channel an utterance of its own; failing ones included."""
    stem, category = f"tr05_{kind}", kind.upper()
    for name, entry in tree.annotations(stem).items():
        text, environment = tree.transcript(stem, name, entry), entry["environment"]
        folder = tree.recordings(stem, environment)
        for channel in channels:
            yield Utterance(
                id=f"{name}.CH{channel}_{category}",
                name=name,
                channel=channel,
                category=category,
                environment=environment,
                wav=folder / f"{name}.CH{channel}.wav",
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
    for name, entry in tree.annotations(stem).items():
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
            wav=wav,
            text=tree.transcript(stem, name, entry),
            entry=entry,
        )


def clean_set(tree: Chime4Tree, stem: str) -> Iterator[Utterance]:
    """Clean speech: `tr05_org` (WSJ0) or a booth set such as `dt05_bth`."""
    channel = BOOTH_CHANNEL if stem.endswith("_bth") else None
    suffix = "" if channel is None else f".CH{channel}"
    for name, entry in tree.annotations(stem).items():
        yield Utterance(
            id=f"{name}_CLEAN",
            name=name,
            channel=channel,
            category="CLEAN",
            environment=entry["environment"],
            wav=tree.recordings(stem, entry["environment"]) / f"{name}{suffix}.wav",
            text=tree.transcript(stem, name, entry),
            entry=entry,
        )


def to_tables(
    utterances: Sequence[Utterance],
    lengths: Sequence[int],
    references: dict[str, Path] | None = None,
) -> Tables:
    """Tables of a set directory.

    Args:
        utterances: of one set, any order.
        lengths: samples of each.
        references: clean reference of every utterance by id, or None for a set without any.
    """
    ordered = sorted(zip(utterances, lengths, strict=True), key=lambda pair: pair[0].id)
    tables = {
        "wav.scp": {u.id: str(u.wav) for u, _ in ordered},
        "text": {u.id: u.text for u, _ in ordered},
        "utt2spk": {u.id: u.speaker for u, _ in ordered},
        "utt2category": {u.id: u.category for u, _ in ordered},
        "utt2num_samples": {u.id: str(length) for u, length in ordered},
    }
    if references is not None:
        tables["spk1.scp"] = {u.id: str(references[u.id]) for u, _ in ordered}
    return tables
