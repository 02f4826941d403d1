"""`espnet-kd enhance`: files and folders from the command line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.bin import enhance_files
from espnet_kd.inference.files import load

NOISE = 0.1 * np.random.default_rng(0).standard_normal((4000, 2))


class Negative:
    """A backend that needs no model."""

    sample_rate, hop, context, longest = 16000, 1, 0, 10**9

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        return -samples


@pytest.fixture
def loaded(monkeypatch) -> list:
    """Replace the model; return what was asked for."""
    asked = []
    monkeypatch.setattr(load, "load_backend", lambda *model: asked.append(model) or Negative())
    return asked


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.flac", "c.wav"):
        soundfile.write(tmp_path / "in" / name, NOISE, 16000)
    (tmp_path / "in/notes.txt").write_text("text")
    return tmp_path


def failure(*words: object) -> str:
    """Run the command; return the line of its error."""
    with pytest.raises(SystemExit) as error:
        enhance_files.main(list(map(str, words)))
    assert "\n" not in error.value.code
    return error.value.code


def test_a_file(folder, loaded, capsys):
    out = folder / "out.flac"
    enhance_files.main([str(folder / "in/a.wav"), str(out), "--model", "exp", "--checkpoint", "x"])
    assert loaded == [("exp", "x")]
    np.testing.assert_allclose(soundfile.read(out)[0], NOISE, atol=1e-4)
    shown = capsys.readouterr()
    assert re.fullmatch(rf"{out}: 0\.2 s, real-time factor \d+\.\d+\n", shown.out)
    assert "a.wav, pieces of up to 20 s: 1 done" in shown.err


def test_a_folder(folder, loaded, capsys):
    out = folder / "out"
    enhance_files.main([str(folder / "in"), str(out)])
    assert loaded == [(None, "")]
    assert sorted(path.name for path in out.iterdir()) == ["a.wav", "b.flac", "c.wav"]
    start = f"{out}: 3 files, 1 other files skipped, 0.8 s, "
    assert capsys.readouterr().out.startswith(start)


@pytest.mark.brings("lists", "a folder with a bad recording", "the others are enhanced; status 1")
def test_a_bad_file_in_a_folder(folder, loaded, capsys):
    (folder / "in/b.flac").write_text("no audio")
    error = failure(folder / "in", folder / "out")
    assert error == f"error: {folder}/in: 1 of 3 files were not enhanced; see above"
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "b.flac: is not an audio file" in line]
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.wav", "c.wav"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["in/none.wav", "o.wav"], "none.wav: does not exist; give an audio file, or a folder"),
        (["in/notes.txt", "o.wav"], "notes.txt: is not an audio file"),
        (["in/a.wav", "o.txt"], "o.txt: does not end like an audio file"),
        (["in/a.wav", "in/a.wav", "--force"], "a.wav: is an input; give another output"),
        (["in/a.wav", "in/c.wav"], "c.wav: exists; give --force to overwrite"),
        (["in/a.wav", "o.wav", "--observation-weight", "2"], "--observation_weight: is 2; give"),
        (["in/a.wav", "o.wav", "--piece_seconds", "0.5"], "--piece_seconds: is 0.5; give at least"),
        (["in/a.wav", "o.wav", "--piece_seconds", "nan"], "--piece_seconds: is nan; give at least"),
    ],
)
def test_mistakes_are_told_before_a_model_is_loaded(folder, loaded, monkeypatch, words, problem):
    monkeypatch.chdir(folder)
    assert problem in failure(*words)
    assert loaded == []
    assert not list(folder.glob("o.*"))


def test_nothing_readable(folder, loaded):
    for name in ("a.wav", "b.flac", "c.wav"):
        (folder / "in" / name).write_text("no audio")
    assert "3 of 3 files were not enhanced" in failure(folder / "in", folder / "out")


@pytest.mark.brings("audio", "a file name with a line end, or not in UTF-8, to enhance", "enhanced")
@pytest.mark.parametrize("name", [b"a\nb.wav", b"\xff.wav"])
def test_any_file_name(tmp_path, loaded, capsys, name):
    source, out = tmp_path / os.fsdecode(name), tmp_path / "out" / os.fsdecode(name)
    with source.open("wb") as file:
        soundfile.write(file, NOISE, 16000, format="WAV")
    enhance_files.main([str(source), str(out)])
    with out.open("rb") as file:
        assert len(soundfile.read(file)[0]) == len(NOISE)
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1 and printed.err.count("\n") == 1
    assert printed.out.strip().isprintable()
