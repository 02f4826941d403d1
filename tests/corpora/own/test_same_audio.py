"""The same audio twice in your own corpora."""

from __future__ import annotations

import os
import shutil

import pytest
import soundfile


@pytest.mark.brings("lists", "a training file copied into the test part", "both are named")
@pytest.mark.brings("lists", "a training file linked into the test part", "both are named")
@pytest.mark.brings("lists", "a training file as FLAC in the test part", "both are named")
@pytest.mark.parametrize("way", ["symlink", "hard link", "copy", "folder", "flac", "24 bits"])
@pytest.mark.parametrize("kind", ["street", "clean"])
def test_the_same_audio_in_two_parts(own, way, kind):
    old, new = own.root / f"audio/train_{kind}.wav", own.root / "audio/mirror.wav"
    if way == "symlink":
        os.symlink(old, new)
    elif way == "hard link":
        os.link(old, new)
    elif way == "copy":
        shutil.copy(old, new)
    elif way == "folder":
        os.symlink(old.parent, own.root / "mirror")
        new = own.root / f"mirror/{old.name}"
    else:
        new = new.with_suffix(".flac")
        samples, rate = soundfile.read(old)
        soundfile.write(new, samples, rate, subtype="PCM_24" if way == "24 bits" else None)
    row = "bob-test" if kind == "street" else "test_a"
    own.edit(row, "noisy" if kind == "street" else "clean", str(new.relative_to(own.root)))
    error = own.error("--resample", "true")
    assert f"{new} is in part 'test', but has the samples of {old} in part 'train'" in error
    assert error.startswith(f"error: {own.table}, line ") and not (own.root / "copies").exists()


@pytest.mark.brings("lists", "a simulated row whose noisy file is its clean one", "both files")
@pytest.mark.parametrize("copy", [False, True])
def test_a_noisy_signal_that_is_clean(own, copy):
    name = "audio/train_clean.wav"
    if copy:
        shutil.copy(own.root / name, own.root / "audio/copy.wav")
    own.edit("train_a", "noisy", "audio/copy.wav" if copy else name)
    error = own.error()
    assert f"line 2: noisy {own.root}/" in error
    assert f" and clean {own.root}/{name} have the same samples; give the mixture" in error


@pytest.mark.brings("lists", "a simulated row with exchanged columns", "exchange the two columns")
def test_exchanged_columns(own):
    own.edit("train_b", "noisy", "audio/train_clean.wav")
    own.edit("train_b", "clean", "audio/train_b.wav")
    assert "line 3: noisy" in own.error() and "exchange the two columns" in own.error()
