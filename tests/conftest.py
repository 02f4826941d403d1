"""Fixtures for several test folders: a tiny synthetic CHiME-4 tree, and tiny models."""

from __future__ import annotations

import functools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .tiny_models import STUDENT, TEACHER, write_enhancement_model, write_recognizer


def pytest_configure() -> None:
    """Turn off torch.compile, also in commands that tests run: each compilation takes seconds."""
    os.environ["TORCH_COMPILE_DISABLE"] = "1"


@pytest.fixture
def compiler():
    """Turn torch.compile on for a test."""
    import torch

    with torch._dynamo.config.patch(disable=False):
        yield


RATE = 16000
ENVIRONMENTS = ("BUS", "CAF", "PED", "STR")
SENTENCES = ("STOCKS FELL SHARPLY", "THE MAYOR SPOKE TODAY", "RAIN IS LIKELY", "PRICES ROSE")


def speech(rng: np.random.Generator, length: int) -> np.ndarray:
    """Return (T,) int32: a quiet lead of 150 ms, then modulated noise in place of a voice."""
    wave = rng.standard_normal(length + 200)
    wave = np.convolve(wave, np.hanning(9), "valid")[:length]
    envelope = 1.2 + np.sin(np.arange(length) / RATE * 2 * np.pi * 4)
    envelope[: int(0.15 * RATE)] = 0.002
    return np.rint(600 * wave * envelope).astype(np.int32)


class Chime4Maker:
    """Write the tree below `root`, and find the files in it that tests change.

    Args:
        root: directory in which `data/` is written.
        isolated_ext: directory for the Clean and Noise signals of dt05 and et05 simu.
    """

    def __init__(self, root: Path, isolated_ext: Path):
        self.root, self.isolated_ext = root, isolated_ext
        self.data = root / "data"
        self.audio = self.data / "audio/16kHz"
        self.rng = np.random.default_rng(0)

    def build(self) -> Chime4Maker:
        self._backgrounds()
        self._training_simu()
        self._training_real()
        for part, speaker in (("dt05", "F01"), ("et05", "F05")):
            self._booth(part, speaker)
            for kind in ("simu", "real"):
                self._track(part, speaker, kind)
        (self.data / "annotations/mic_error.csv").write_text(
            "utterance,CH1,CH2,CH3,CH4,CH5,CH6\nF02_022C0204_BUS,0.95,0.10,0.9,0.9,0.9,0.9\n"
            "F02_022C0204_STR,0.9,0.9,0.9,0.9,0.9,0.9\n"
        )
        return self

    def write(
        self, path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16"
    ) -> Path:
        """Write samples of shape (T,) or (T, C)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, rate, subtype=subtype)
        return path

    def background(self, environment: str, channel: int) -> Path:
        return self.audio / "backgrounds" / f"BGD_150203_010_{environment}.CH{channel}.wav"

    def isolated(self, folder: str, name: str) -> Path:
        return self.audio / "isolated" / folder / f"{name}.wav"

    def annotation(self, stem: str) -> Path:
        return self.data / "annotations" / f"{stem}.json"

    def edit(self, stem: str, index: int, **fields: object) -> None:
        """Change fields of one annotation; None removes a field."""
        entries = json.loads(self.annotation(stem).read_text())
        entries[index].update(fields)
        entries[index] = {k: v for k, v in entries[index].items() if v is not None}
        self.annotation(stem).write_text(json.dumps(entries))

    def _annotate(self, stem: str, entries: list[dict]) -> None:
        self.annotation(stem).parent.mkdir(parents=True, exist_ok=True)
        self.annotation(stem).write_text(json.dumps(entries))

    def _noise(self, length: int) -> np.ndarray:
        return np.rint(400 * self.rng.standard_normal(length)).astype(np.int32)

    def _backgrounds(self) -> None:
        for environment in ENVIRONMENTS:
            common = self._noise(3 * RATE)
            for channel in range(1, 7):
                noise = common + self._noise(3 * RATE) // 2
                self.write(self.background(environment, channel), noise.astype(np.int16))

    def _training_simu(self) -> None:
        entries, originals = [], []
        for index, environment in enumerate(ENVIRONMENTS):
            wsj, length = f"011C020{index}", 8000 + 160 * index
            original = speech(self.rng, length)
            self.write(self.isolated("tr05_org", f"011_{wsj}_ORG"), original.astype(np.int16))
            start = 1000 + 3 * index
            for channel in range(1, 7):
                clean = np.roll(original, channel) * 3 // 4
                noise, _ = soundfile.read(self.background(environment, channel), dtype="int16")
                noisy = clean + noise[start : start + length].astype(np.int32)
                name = f"011_{wsj}_{environment}.CH{channel}"
                folder = f"tr05_{environment.lower()}_simu"
                self.write(self.isolated(folder, name), noisy.astype(np.int16))
            common = {"speaker": "011", "wsj_name": wsj, "dot": SENTENCES[index]}
            originals.append({**common, "environment": "ORG", "wavfile": f"01ic020{index}"})
            entries.append(
                {
                    **common,
                    "environment": environment,
                    "wavfile": f"01ic020{index}",
                    "start": 0.0,
                    "end": length / RATE,
                    "noise_wavfile": f"BGD_150203_010_{environment}",
                    "noise_start": start / RATE,
                    "noise_end": (start + length) / RATE,
                    "ir_wavfile": "F02_141106_040_BUS",
                    "ir_start": 0.0,
                    "ir_end": length / RATE,
                }
            )
        self._annotate("tr05_simu", entries)
        self._annotate("tr05_org", originals)

    def _training_real(self) -> None:
        entries = []
        for environment in ("BUS", "STR"):
            name = f"F02_022C0204_{environment}"
            for channel in range(7):
                wave = speech(self.rng, 7200) + self._noise(7200)
                folder = f"tr05_{environment.lower()}_real"
                self.write(self.isolated(folder, f"{name}.CH{channel}"), wave.astype(np.int16))
            entries.append(self._entry("F02", "022C0204", environment, SENTENCES[1]))
        self._annotate("tr05_real", entries)

    def _booth(self, part: str, speaker: str) -> None:
        for channel in range(7):
            name = f"{speaker}_050C0101_BTH.CH{channel}"
            self.write(self.isolated(f"{part}_bth", name), speech(self.rng, 8000).astype(np.int16))
        self._annotate(f"{part}_bth", [self._entry(speaker, "050C0101", "BTH", SENTENCES[2])])

    def _track(self, part: str, speaker: str, kind: str) -> None:
        entries, listed = [], []
        for index, environment in enumerate(ENVIRONMENTS):
            name, channel = f"{speaker}_050C0101_{environment}", (4, 5, 6, 1)[index]
            folder = f"{part}_{environment.lower()}_{kind}"
            clean, noise = speech(self.rng, 8000), self._noise(8000)
            noisy = (clean + noise).astype(np.int16)
            for number in range(1, 7):  # all the same: only the listed one is read
                self.write(self.isolated(folder, f"{name}.CH{number}"), noisy)
            self.write(self.audio / "isolated_1ch_track" / folder / f"{name}.wav", noisy)
            if kind == "simu":
                for signal, samples in (("Clean", clean), ("Noise", noise)):
                    path = self.isolated_ext / folder / f"{name}.CH{channel}.{signal}.wav"
                    self.write(path, samples.astype(np.int16))
            listed.append(f"{folder}/{name}.CH{channel}.wav\n")
            entries.append(self._entry(speaker, "050C0101", environment, SENTENCES[2]))
        self._annotate(f"{part}_{kind}", entries)
        (self.data / f"annotations/{part}_{kind}_1ch_track.list").write_text("".join(listed))

    def _entry(self, speaker: str, wsj: str, environment: str, dot: str) -> dict:
        return {
            "speaker": speaker,
            "wsj_name": wsj,
            "environment": environment,
            "wavfile": f"{speaker}_141106_040_{environment}",
            "start": 1.0,
            "end": 1.5,
            "dot": dot,
        }


@pytest.fixture(scope="session")
def chime4_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree in `corpus` and MATLAB's output in `isolated_ext`; tests must not change them."""
    directory = tmp_path_factory.mktemp("chime4")
    Chime4Maker(directory / "corpus", directory / "isolated_ext").build()
    return directory


@pytest.fixture
def chime4(chime4_template: Path, tmp_path: Path) -> Chime4Maker:
    """A copy of the tree that a test may damage."""
    shutil.copytree(chime4_template, tmp_path, dirs_exist_ok=True)
    return Chime4Maker(tmp_path / "corpus", tmp_path / "isolated_ext")


@pytest.fixture(scope="session")
def student_files(tmp_path_factory) -> tuple[Path, Path]:
    """Configuration and checkpoint of a tiny student."""
    return write_enhancement_model(tmp_path_factory.mktemp("student"), STUDENT)


@pytest.fixture(scope="session")
def teacher_files(tmp_path_factory) -> tuple[Path, Path]:
    """Configuration and checkpoint of a tiny text-informed teacher with an alignment prior."""
    return write_enhancement_model(tmp_path_factory.mktemp("teacher"), TEACHER)


@pytest.fixture(scope="session")
def recognizer_files(tmp_path_factory) -> tuple[Path, Path]:
    """Configuration and checkpoint of a tiny recognizer."""
    return write_recognizer(tmp_path_factory.mktemp("recognizer"))


@pytest.fixture(scope="session")
def onnx_file(tmp_path_factory) -> Callable[[str], tuple]:
    """Return a function from a name in EXPORTED to the model and its ONNX file, written once."""
    from .causal_models import EXPORTED, build_model  # isort: skip (it calls host.prepare)
    from espnet_kd.export.onnx import write_onnx

    @functools.cache
    def write(name: str) -> tuple:
        model = build_model(EXPORTED[name])
        path = tmp_path_factory.mktemp("onnx") / "student.onnx"
        write_onnx(model, path)
        return model, path

    return write
