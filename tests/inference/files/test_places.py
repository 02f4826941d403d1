"""Which files are enhanced, and where outputs go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.errors import UserError
from espnet_kd.inference.files.formats import Recording
from espnet_kd.inference.files.places import find_places


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with audio, audio of another name, and other files."""
    source = tmp_path / "in"
    for name in ("a.wav", "deep/er/b.flac", "c.mp3", "speech.aiff"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(1600), 16000)
    for name in ("notes.txt", "deep/list.scp", ".hidden.wav"):
        (source / name).write_text("text")
    return source


@pytest.mark.brings("lists", "a folder with audio and other files", "the others are counted")
def test_a_folder_is_walked(folder, tmp_path):
    places = find_places(folder, tmp_path / "out")
    names = {
        str(path.relative_to(folder)): str(out.relative_to(tmp_path / "out"))
        for path, out in places.pairs
    }
    assert names == {
        "a.wav": "a.wav",
        "c.mp3": "c.mp3",
        "deep/er/b.flac": "deep/er/b.flac",
        "speech.aiff": "speech.aiff.wav",
    }
    assert places.skipped == 3


def test_outputs_below_the_input_are_not_inputs(folder):
    out = folder / "enhanced"
    out.mkdir()
    soundfile.write(out / "a.wav", np.zeros(1600), 16000)
    assert len(find_places(folder, out, force=True).pairs) == 4


def test_a_file_goes_into_a_folder_or_to_a_name(folder, tmp_path):
    assert find_places(folder / "a.wav", tmp_path).pairs == [(folder / "a.wav", tmp_path / "a.wav")]
    out = tmp_path / "new" / "b.wav"
    assert find_places(folder / "a.wav", out).pairs == [(folder / "a.wav", out)]


@pytest.mark.brings("lists", "a folder without audio", "an error says how many other files it has")
def test_no_audio(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x.txt").write_text("text")
    with pytest.raises(UserError, match=r"in: holds no audio file \(1 other files\)"):
        find_places(tmp_path / "in", tmp_path / "out")


@pytest.mark.brings("again", "an output that is the input, also by a link", "an error")
def test_an_output_that_is_an_input(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    for source, out in [
        (folder / "a.wav", folder / "a.wav"),
        (folder / "a.wav", tmp_path / "link/a.wav"),
        (folder / "a.wav", folder),
        (folder, folder),
        (folder, tmp_path / "link"),
    ]:
        with pytest.raises(UserError, match="is (an|the) input; give another"):
            find_places(source, out, force=True)


@pytest.mark.brings("again", "an enhanced file that exists", "it is kept unless --force is given")
def test_existing_outputs(folder, tmp_path):
    for name in ("a.wav", "c.mp3"):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("old")
    with pytest.raises(UserError, match=r"a.wav: exists \(and 1 more\); give --force"):
        find_places(folder, tmp_path / "out")
    with pytest.raises(UserError, match="c.mp3: exists; give --force"):
        find_places(folder / "a.wav", tmp_path / "out/c.mp3")
    assert len(find_places(folder, tmp_path / "out", force=True).pairs) == 4


def test_outputs_of_one_name(folder, tmp_path):
    soundfile.write(folder / "speech.aiff.wav", np.zeros(1600), 16000)
    with pytest.raises(UserError, match="would be the output of two files; rename one"):
        find_places(folder, tmp_path / "out")


def test_a_folder_cannot_become_a_file(folder, tmp_path):
    (tmp_path / "out.wav").touch()
    with pytest.raises(UserError, match="out.wav: is a file, but the input is a folder"):
        find_places(folder, tmp_path / "out.wav")


@pytest.mark.brings("lists", "a loop of links in a folder to enhance", "only that file is an error")
def test_a_loop_of_links(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.wav").symlink_to("a.wav")
    places = find_places(tmp_path / "in", tmp_path / "out")
    assert [path.name for path, _ in places.pairs] == ["a.wav"]
    with pytest.raises(UserError, match=r"a\.wav: does not exist"):
        Recording.open(places.pairs[0][0])
