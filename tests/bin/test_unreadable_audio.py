"""Audio that trainings and decodings cannot read: one line with the file and the utterance."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from espnet_kd.bin import stock
from espnet_kd.data.audio import write_samples
from espnet_kd.fileio import write_columns

from ..tiny_models import STUDENT, TOKENS

ROOT = Path(__file__).parents[2]
NOISE = np.random.default_rng(0).integers(1, 3000, 8000).astype(np.int16)
LAYERS = {"output_size": 16, "attention_heads": 2, "linear_units": 16, "num_blocks": 1}
OFF = ["--use_tensorboard", "false", "--use_matplotlib", "false", "--ngpu", "0"]


@pytest.fixture
def set_dir(tmp_path) -> Path:
    """A set of four utterances."""
    names = [f"u{number}_SIMU" for number in range(4)]
    for name in names:
        write_samples(tmp_path / f"{name}.wav", NOISE)
        write_samples(tmp_path / f"clean_{name}.wav", NOISE // 2)
    tables = {
        "wav.scp": {name: tmp_path / f"{name}.wav" for name in names},
        "spk1.scp": {name: tmp_path / f"clean_{name}.wav" for name in names},
        "text": dict.fromkeys(names, "STOCKS"),
        "utt2category": dict.fromkeys(names, "SIMU"),
        "utt2num_samples": dict.fromkeys(names, len(NOISE)),
        "text_shape": dict.fromkeys(names, f"6,{len(TOKENS)}"),
    }
    for file, table in tables.items():
        write_columns(tmp_path / file, table)
    return tmp_path


def training(set_dir, module, config, *data):
    """Return the words of a command that trains on the set for one epoch."""
    config = {**config, "max_epoch": 1, "keep_nbest_models": 1, "seed": 0}
    (set_dir / "train.yaml").write_text(yaml.safe_dump(config))
    words = [*module, "--config", "train.yaml", "--output_dir", "exp", *OFF, "--num_workers", "1"]
    for part in ("train", "valid"):
        for entry in data:
            words += [f"--{part}_data_path_and_name_and_type", entry]
        words += [f"--{part}_shape_file", "utt2num_samples"]
    return words


def enhancer(set_dir):
    batches = {
        "iterator_type": "chunk",
        "chunk_length": 4000,
        "batch_size": 2,
        "best_model_criterion": [["valid", "loss", "min"]],
    }
    data = ("wav.scp,speech_mix,sound", "spk1.scp,speech_ref1,sound", "utt2category,category,text")
    return training(set_dir, ["espnet_kd.bin.enh_kd_train"], {**STUDENT, **batches}, *data)


def recognizer(set_dir):
    (set_dir / "tokens.txt").write_text("\n".join(TOKENS) + "\n")
    config = {
        "token_type": "char",
        "token_list": "tokens.txt",
        "encoder": "transformer",
        "encoder_conf": LAYERS,
        "decoder": "transformer",
        "decoder_conf": {"attention_heads": 2, "linear_units": 16, "num_blocks": 1},
        "frontend_conf": {"fs": 16000, "n_fft": 512, "hop_length": 160},
        "normalize": "utterance_mvn",
        "batch_type": "unsorted",
        "batch_size": 2,
        "best_model_criterion": [["valid", "loss", "min"]],
    }
    module = ["espnet_kd.bin.stock", "espnet2.bin.asr_train"]
    return training(set_dir, module, config, "wav.scp,speech,sound", "text,text,text")


def cut_flac(path):
    soundfile.write(path, NOISE, 16000, format="FLAC", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:6000])


BAD = {
    "removed": (Path.unlink, "audio file is missing"),
    "empty": (lambda path: path.write_bytes(b""), "audio file is empty (0 bytes)"),
    "stereo": (
        lambda path: soundfile.write(path, np.stack([NOISE, NOISE], 1), 16000),
        "has 2 channels, not 1",
    ),
    "8 kHz": (
        lambda path: soundfile.write(path, NOISE, 8000),
        "sampling rate is 8000 Hz, not 16000",
    ),
    "a cut flac": (cut_flac, "is truncated: 0 of 8000 samples"),
}


@pytest.fixture
def last_line(set_dir, monkeypatch):
    """Return a function that runs a command in this process, and returns its last line."""

    def run(words):
        monkeypatch.chdir(set_dir)
        module, *arguments = words
        with pytest.raises(SystemExit) as stop:
            importlib.import_module(module).main(arguments)
        assert "\n" not in str(stop.value.code)
        return stop.value.code

    return run


@pytest.mark.brings(
    "training",
    "a file that is removed, empty, stereo, at 8 kHz or cut after the lists were made",
    "one line names file and utterance",
)
@pytest.mark.parametrize("command", [enhancer, recognizer])
@pytest.mark.parametrize("kind", BAD)
def test_one_line_names_the_file_and_the_utterance(set_dir, last_line, command, kind):
    damage, problem = BAD[kind]
    words = command(set_dir)
    path = set_dir / "u2_SIMU.wav"
    damage(path)
    assert last_line(words).startswith(f"error: {path}: {problem} (utterance 'u2_SIMU'); ")


def test_it_is_the_last_line_of_the_log_and_of_the_launcher(set_dir):
    words = recognizer(set_dir)
    path = set_dir / "u2_SIMU.wav"
    path.unlink()
    launcher = [sys.executable, "-m", "espnet_kd.bin.run_jobs", "train.log", sys.executable, "-m"]
    done = subprocess.run(
        [*launcher, *words],
        cwd=set_dir,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    log = [word for word in (set_dir / "train.log").read_text().splitlines() if word[:2] != "# "]
    line = f"error: {path}: audio file is missing (utterance 'u2_SIMU'); "
    assert done.stderr.splitlines()[-1].startswith(line)
    assert log[-1].startswith(line)


@pytest.mark.brings(
    "training", "a validation recording too short for the recognizer", "an error that names it"
)
def test_a_training_with_a_recording_that_is_too_short(set_dir, last_line):
    write_samples(set_dir / "u1_SIMU.wav", NOISE[:100])
    lengths = {f"u{number}_SIMU": 8000 if number != 1 else 100 for number in range(4)}
    write_columns(set_dir / "utt2num_samples", lengths)
    words = recognizer(set_dir)
    (set_dir / "train.yaml").write_text(
        (set_dir / "train.yaml").read_text().replace("batch_size: 2", "batch_size: 1")
    )
    assert last_line(words) == (
        "error: utt2num_samples: utterance 'u1_SIMU' has 100 samples, too short for the model (it "
        "has 100 samples and is too short for the STFT, it needs 257); leave it out of the corpus"
    )


@pytest.mark.brings(
    "scoring",
    "recordings too short for the recognizer, with the joint decoding",
    "an empty text, and a warning counts them",
)
def test_joint_decoding_of_short_recordings(set_dir, recognizer_files, monkeypatch, capsys):
    write_samples(set_dir / "u0_SIMU.wav", NOISE[:100])
    write_samples(set_dir / "u1_SIMU.wav", NOISE[:512])
    config, model = map(str, recognizer_files)
    words = ["--asr_train_config", config, "--asr_model_file", model, "--maxlenratio=-2"]
    words += ["--data_path_and_name_and_type", "wav.scp,speech,sound", "--output_dir", "out"]
    monkeypatch.chdir(set_dir)
    stock.main(["espnet2.bin.asr_inference", *words, "--beam_size", "1", "--ngpu", "0"])
    texts = [line.split() for line in (set_dir / "out/1best_recog/text").read_text().splitlines()]
    assert [len(words) for words in texts][:2] == [1, 1] and len(texts) == 4
    assert "of 4 hypotheses are empty: u0_SIMU u1_SIMU" in capsys.readouterr().err
