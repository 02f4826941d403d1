"""Write a corpus of any size in CHiME-4's layout, and the references that stage 1 makes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.fake_audio import KINDS, Recordings, samples_of
from benchmarks.fake_sentences import sentence, sentence_name
from espnet_kd.corpora.chime4.expected import Expected, write_expected
from espnet_kd.corpora.chime4.utterances import TRACK
from espnet_kd.corpora.references.checks import Measures
from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.noted_audio import write_noted
from espnet_kd.fileio import write_lines, write_text
from espnet_kd.origin import stamps

ENVIRONMENTS = ("BUS", "CAF", "PED", "STR")
MICROPHONES = range(1, 7)
CLOSE = 0
SPEAKERS = {"tr05": "F02", "dt05": "F01", "et05": "F05"}
PASSED = Measures(
    offset=0, clipped=0, noise_weight=1.0, residual_db=-40.0, limit_db=0.0, correlation=1.0
)


@dataclass(frozen=True)
class Entry:
    """An utterance of a set.

    Attributes:
        index: number of its sentence.
        speaker: who reads it.
        environment: BUS, CAF, PED, STR, BTH or ORG.
    """

    index: int
    speaker: str
    environment: str

    @property
    def name(self) -> str:
        return f"{self.speaker}_{sentence_name(self.index)}_{self.environment}"

    @property
    def track_channel(self) -> int:
        """The microphone of the 1-channel track."""
        return 1 + self.index % len(MICROPHONES)


class FakeChime4:
    """A corpus of quiet recordings, to be written.

    Args:
        root: directory of the corpus.
        sizes: number of utterances by set, e.g. of `tr05_simu`.
        recordings: files that the corpus links to.
    """

    def __init__(self, root: Path, sizes: dict[str, int], recordings: Recordings):
        self.sets = {stem: list(_entries(stem, size)) for stem, size in sizes.items()}
        self._root = root
        self._data = root / "data"
        self._audio = self._data / "audio/16kHz"
        self._recordings = recordings

    def write(self) -> None:
        """Write annotations, lists and recordings."""
        for stem, entries in self.sets.items():
            self._write_annotations(stem, entries)
            self._write_recordings(stem, entries)
            if stem[:4] != "tr05" and not stem.endswith("_bth"):
                self._write_track(stem, entries)
        for folder, channels in (("backgrounds", MICROPHONES), ("embedded", (CLOSE, *MICROPHONES))):
            for index, environment in enumerate(ENVIRONMENTS):
                for channel in channels:
                    name = f"{_noise_name(environment)}.CH{channel}.wav"
                    self._recordings.put(self._audio / folder / name, index)
        correlations = (f"{entry.name},1,1,1,1,1,1" for entry in self.sets["tr05_real"])
        table = self._data / "annotations/mic_error.csv"
        write_lines(table, ["utterance,CH1,CH2,CH3,CH4,CH5,CH6", *correlations])
        write_expected(self._root, self._expected())

    def write_references(self, folder: Path) -> None:
        """Write references of the simulated sets as stage 1 writes them."""
        for part in ("tr05", "dt05", "et05"):
            stem = f"{part}_simu"
            files = [folder / f".linked/{part}_{kind}.flac" for kind in range(KINDS)]
            for kind, file in enumerate(files):
                noise = _segment(part, kind, self._audio)
                sources = [self._recordings.file(kind), *noise.sources()]
                note = {
                    "settings": noise.settings(),
                    "made_of": stamps(sources),
                    "measures": asdict(PASSED),
                }
                file.parent.mkdir(parents=True, exist_ok=True)
                write_noted(file, (np.arange(samples_of(kind)) % 2).astype(np.int16), note)
            for entry in self.sets[stem]:
                place = folder / _folder(stem, entry)
                for channel in MICROPHONES if part == "tr05" else [entry.track_channel]:
                    path = place / f"{entry.name}.CH{channel}.flac"
                    self._recordings.link(files[entry.index % KINDS], path)

    def _write_annotations(self, stem: str, entries: list[Entry]) -> None:
        part, _, kind = stem.partition("_")
        annotations = []
        for entry in entries:
            annotation = {
                "speaker": entry.speaker,
                "wsj_name": sentence_name(entry.index),
                "environment": entry.environment,
                "dot": sentence(entry.index),
            }
            if kind == "simu":
                segment = _segment(part, entry.index, self._audio)
                annotation["noise_wavfile"] = _noise_name(entry.environment)
                annotation["noise_start"] = segment.start / SAMPLE_RATE
                annotation["noise_end"] = segment.stop / SAMPLE_RATE
            annotations.append(annotation)
        write_text(self._data / f"annotations/{stem}.json", json.dumps(annotations))

    def _write_recordings(self, stem: str, entries: list[Entry]) -> None:
        endings = [""] if stem == "tr05_org" else [f".CH{channel}" for channel in MICROPHONES]
        for entry in entries:
            place = self._audio / "isolated" / _folder(stem, entry)
            for ending in endings:
                self._recordings.put(place / f"{entry.name}{ending}.wav", entry.index)

    def _write_track(self, stem: str, entries: list[Entry]) -> None:
        lines = []
        for entry in entries:
            folder = _folder(stem, entry)
            lines.append(f"{folder}/{entry.name}.CH{entry.track_channel}.wav")
            self._recordings.put(self._audio / TRACK / folder / f"{entry.name}.wav", entry.index)
        write_lines(self._data / f"annotations/{stem}_1ch_track.list", lines)

    def _expected(self) -> Expected:
        counts = {
            stem: dict(Counter(entry.environment for entry in entries))
            for stem, entries in self.sets.items()
        }
        several = len(ENVIRONMENTS) * len(MICROPHONES)
        return Expected(counts, several, several + len(ENVIRONMENTS), words={})


def _entries(stem: str, size: int) -> Iterator[Entry]:
    part, _, kind = stem.partition("_")
    for index in range(size):
        environment = {"bth": "BTH", "org": "ORG"}.get(kind) or _environment(index)
        from_wsj = stem in ("tr05_simu", "tr05_org")
        speaker = sentence_name(index)[:3] if from_wsj else SPEAKERS[part]
        yield Entry(index, speaker, environment)


def _environment(index: int) -> str:
    return ENVIRONMENTS[index % len(ENVIRONMENTS)]


def _noise_name(environment: str) -> str:
    return f"BGD_150203_010_{environment}"


def _segment(part: str, index: int, audio: Path) -> NoiseSegment:
    """Return the noise of a simulated utterance: as long, from the start of the recording."""
    stem = audio / ("backgrounds" if part == "tr05" else "embedded")
    stem /= _noise_name(_environment(index))
    close = None if part == "tr05" else Path(f"{stem}.CH{CLOSE}.wav")
    return NoiseSegment((Path(f"{stem}.CH1.wav"),), 0, samples_of(index), close)


def _folder(stem: str, entry: Entry) -> str:
    part, _, kind = stem.partition("_")
    return f"{part}_{entry.environment.lower()}_{kind}" if kind in ("simu", "real") else stem
