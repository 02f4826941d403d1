"""Enhancement in parts (begin, jobs, finish), with models that do not need ESPnet."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from espnet_kd.bin import enhance, pseudo_reference
from espnet_kd.data.audio import read_samples, write_samples
from espnet_kd.data.channels import write_channels
from espnet_kd.fileio import read_columns
from espnet_kd.inference import command
from espnet_kd.inference.enhancer import Enhancer

from .conftest import LENGTHS, Gain


@pytest.fixture
def models(monkeypatch):
    """List of the models that were loaded; the content of a checkpoint is the gain."""
    loaded = []

    def load(config, checkpoint, *_, observation_weight, **__):
        loaded.append(Gain(float(Path(checkpoint).read_text()), padding_invariant=True))
        loaded[-1].observation_weight = observation_weight
        return Enhancer(loaded[-1])

    monkeypatch.setattr(command, "load_enhancer", load)
    return loaded


@pytest.fixture
def options(tmp_path):
    """Return a function that returns the options for a set, with a checkpoint for the gain."""

    def make(source, out="out", gain=0.5) -> list[str]:
        config, checkpoint = tmp_path / "config.yaml", tmp_path / f"{gain}.pth"
        config.touch()
        checkpoint.write_text(str(gain))
        model = [f"--config={config}", f"--checkpoint={checkpoint}"]
        return [*model, "--sets", str(source), f"--out={tmp_path / out}"]

    return make


def contents(directory):
    """Return the bytes of all files by path, with the directory's own path removed."""
    return {
        str(path.relative_to(directory)): path.read_bytes().replace(str(directory).encode(), b"")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def problem(*arguments, main=enhance.main) -> str:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert "\n" not in str(stop.value)
    return str(stop.value)


@pytest.mark.parametrize("main", [enhance.main, pseudo_reference.main])
def test_several_jobs_write_the_same_as_one_process(models, make_set, options, tmp_path, main):
    source = make_set()
    main(options(source, "one"))
    several = options(source, "several")
    for part in ("begin", "2/3", "1/3", "3/3", "finish"):
        main([*several, f"--part={part}"])
    assert contents(tmp_path / "one") == contents(tmp_path / "several")
    assert len(contents(tmp_path / "one")) > len(LENGTHS)
    of_jobs = [sum(count for count, _ in model.calls) for model in models]
    assert of_jobs[0] == len(LENGTHS) == sum(of_jobs[1:]) and min(of_jobs) > 0


def test_begin_and_finish_load_no_model(make_set, options):
    run = options(make_set())
    code = (
        "import sys; from espnet_kd.bin import enhance, pseudo_reference\n"
        f"enhance.main({run!r} + ['--part=begin'])\n"
        "print([name for name in ('torch', 'espnet2') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout == "[]\n", shown.stderr


def test_work_done_before_a_kill_is_kept(models, make_set, options, tmp_path, monkeypatch):
    run = options(make_set())
    enhance.main([*run, "--part=begin"])
    folder = tmp_path / "out" / "tr05_real" / "wav"

    class Killed(Gain):
        def enhance(self, speech_mix, lengths):
            if len(self.calls) == 2:
                while not list(folder.glob("[!.]*.wav")):  # a thread writes it
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGKILL)
            return super().enhance(speech_mix, lengths)

    def load(*_, **__):
        torch.set_num_threads(1)  # a thread pool does not survive the fork
        return Enhancer(Killed())

    with monkeypatch.context() as patch:
        patch.setattr(command, "load_enhancer", load)
        process = multiprocessing.get_context("fork").Process(
            target=enhance.main, args=([*run, "--part=1/1"],)
        )
        process.start()
        process.join(60)
    assert process.exitcode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in folder.glob("[!.]*.wav")}
    assert 0 < len(before) < len(LENGTHS)
    assert "lacks" in problem(*run, "--part=finish")
    for part in ("begin", "1/2", "2/2", "finish"):  # with another number of jobs
        enhance.main([*run, f"--part={part}"])
    assert sum(count for model in models for count, _ in model.calls) == len(LENGTHS) - len(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.wav" for n in LENGTHS)


def test_finished_work_does_not_load_the_model_again(models, make_set, options):
    run = options(make_set())
    enhance.main(run)
    enhance.main(run)
    assert len(models) == 1


def test_another_model_starts_from_scratch(models, make_set, options):
    source = make_set()
    enhance.main(options(source))
    enhance.main(options(source, gain=0.25))
    assert [sum(count for count, _ in model.calls) for model in models] == 2 * [len(LENGTHS)]


@pytest.mark.brings(
    "again", "a recording replaced under the same path and length", "its output is made again"
)
@pytest.mark.parametrize("main", [enhance.main, pseudo_reference.main])
@pytest.mark.parametrize("older", [False, True])
def test_a_replaced_recording_is_enhanced_again(
    models, make_set, options, tmp_path, capsys, main, older
):
    source = make_set()
    main(options(source))
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("F*.wav")}
    recording = tmp_path / "audio/F01_b_REAL.wav"
    time = recording.stat().st_mtime_ns
    write_samples(recording, np.full(LENGTHS["F01_b_REAL"], 1000, np.int16))
    if older:
        os.utime(recording, ns=(time - 10**12, time - 10**12))
    capsys.readouterr()
    main(options(source))
    now = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("F*.wav")}
    assert [name for name in now if now[name] != made[name]] == ["F01_b_REAL.wav"]
    assert "tr05_real: 1 recordings have changed ('F01_b_REAL'), making their outputs again\n" in (
        capsys.readouterr().err
    )
    main(options(source))
    assert len(models) == 2


def test_a_replaced_channel_makes_the_reference_again(models, with_channels, options, tmp_path):
    source, place = with_channels
    words = [*options(source), place, "--method=channels"]
    pseudo_reference.main(words)
    channel = tmp_path / "other.wav"
    write_samples(channel, read_samples(channel)[::-1])
    pseudo_reference.main(words)
    assert len(models) == 2


def test_bad_audio_is_one_line_and_the_rest_is_kept(models, make_set, options, tmp_path):
    lengths = {f"F01_{i:02d}": 9000 - 400 * i for i in range(20)}
    run = options(make_set(lengths=lengths))
    bad = tmp_path / "audio" / "F01_10.wav"
    whole = bad.read_bytes()
    write_samples(bad, np.ones(7, dtype=np.int16))
    enhance.main([*run, "--part=begin"])
    messages = []
    for part in ("1/2", "2/2"):
        try:
            enhance.main([*run, f"--part={part}"])
        except SystemExit as stop:
            messages.append(str(stop))
    assert len(messages) == 1
    assert re.match(rf"error: {bad}: has 7 samples, but utt2num_samples says 5000; ", messages[0])
    present = {path.stem for path in (tmp_path / "out" / "tr05_real" / "wav").iterdir()}
    assert len(present) >= 14 and "F01_10" not in present
    bad.write_bytes(whole)
    for part in ("1/2", "2/2", "finish"):
        enhance.main([*run, f"--part={part}"])
    assert list(read_columns(tmp_path / "out" / "tr05_real" / "wav.scp")) == list(lengths)


def test_several_models_in_one_process(models, make_set, options, tmp_path):
    one = options(make_set("dt05"), "one")
    two = options(make_set("et05"), "two", gain=0.25)
    enhance.main([*one, "--part=begin", "--and", *two])
    assert not (tmp_path / "two" / "et05" / "wav").exists()
    enhance.main([*one, "--and", *two])
    assert [model.gain for model in models] == [0.5, 0.25]
    for path in (tmp_path / "one" / "dt05", tmp_path / "two" / "et05"):
        assert list(read_columns(path / "wav.scp")) == list(LENGTHS)


@pytest.mark.parametrize("part", ["0/2", "3/2", "x/2", "middle", ""])
def test_bad_parts(make_set, options, part):
    expected = f"error: --part: is '{part}'; give all, begin, finish, or K/N with K up to N"
    assert problem(*options(make_set()), f"--part={part}") == expected


def test_bad_options(make_set, options, tmp_path):
    run = options(make_set())
    assert "--batch_seconds: is 0; give more than 0" in problem(*run, "--batch_seconds=0")
    assert "out/tr05_real: two sets with this name" in problem(*run, "--and", *run)
    assert "out/tr05_real: is not ready for these inputs" in problem(*run, "--part=1/2")
    (tmp_path / "0.5.pth").unlink()
    assert "0.5.pth: does not exist; train the model first" in problem(*run, "--part=begin")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("weight", ["-0.1", "1.01", "nan", "half", ""])
def test_observation_weights_outside_of_0_to_1(make_set, options, weight):
    found = problem(*options(make_set()), f"--observation_weight={weight}")
    assert found.startswith(f"error: --observation_weight: is {weight}; give a number from 0 to 1")


def test_another_observation_weight_enhances_again(models, make_set, options):
    run = options(make_set())
    for weights in ([], ["1"], ["1.0"], ["0.7"], ["0.70"], ["snr5"], ["snr5.0"]):
        enhance.main([*run, *(f"--observation_weight={weight}" for weight in weights)])
    assert [str(model.observation_weight) for model in models] == ["1", "0.7", "snr5"]


def test_pseudo_references_are_not_mixed_with_noise(make_set, options, capsys):
    with pytest.raises(SystemExit):
        pseudo_reference.main([*options(make_set()), "--observation_weight=0.7"])
    assert "unrecognized arguments: --observation_weight=0.7" in capsys.readouterr().err


@pytest.fixture
def with_channels(make_set, tmp_path):
    """A set and the options that name the channels of its first utterance: twice the same file."""
    source = make_set()
    waves = read_columns(source / "wav.scp")
    first, *_ = waves
    other = tmp_path / "other.wav"
    shutil.copy(waves[first], other)
    sessions = [({n: p}, [p, str(other)] if n == first else [p]) for n, p in waves.items()]
    write_channels(tmp_path / "data" / source.name, sessions)
    return source, f"--channels_from={tmp_path / 'data'}"


def outputs(directory):
    return {path.name: path.read_bytes() for path in (directory / "tr05_real/wav").iterdir()}


def test_channels_are_combined_where_there_are_several(models, with_channels, options, tmp_path):
    source, place = with_channels
    for method in ("one", "auto", "channels"):
        pseudo_reference.main([*options(source, method), place, f"--method={method}"])
    rows = [sum(count for count, _ in model.calls) for model in models]
    assert rows == [len(LENGTHS), len(LENGTHS) + 1, len(LENGTHS) + 1]
    assert outputs(tmp_path / "auto") == outputs(tmp_path / "channels")


def test_another_method_makes_the_references_again(models, with_channels, options):
    source, place = with_channels
    for method in ("one", "auto", "channels", "channels_teacher", "channels_teacher"):
        pseudo_reference.main([*options(source), place, f"--method={method}"])
    assert len(models) == 3, "auto is channels here"


def test_channels_that_are_not_there(models, make_set, options, tmp_path):
    run = options(make_set())
    pseudo_reference.main([*run, "--method=auto", f"--channels_from={tmp_path}"])
    found = problem(
        *run, "--method=channels", f"--channels_from={tmp_path}", main=pseudo_reference.main
    )
    assert "--method channels: no recording of " in found and "give --method one, or let" in found
    found = problem(*run, "--method=auto", main=pseudo_reference.main)
    assert found.startswith("error: --channels_from: is not given, but --method needs it")


def test_parallel_jobs_use_one_thread_each(models, make_set, options, monkeypatch):
    threads = []
    monkeypatch.setattr("torch.set_num_threads", threads.append)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    run = options(make_set())
    enhance.main([*run, "--part=begin"])
    enhance.main([*run, "--part=1/2"])
    assert threads == [1]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    enhance.main([*run, "--part=2/2"])
    assert threads == [1]
