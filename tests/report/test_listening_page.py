from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.listen import main
from espnet_kd.data.audio import write_samples
from espnet_kd.fileio import read_columns, write_columns


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.sounds: list[bytes] = []
        self.pictures: list[bytes] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)
        source = dict(attrs).get("src", "")
        if source:
            kind, _, data = source.partition(";base64,")
            found = {"data:image/png": self.pictures, "data:audio/wav": self.sounds}[kind]
            found.append(base64.b64decode(data))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def listen(make_se_set, tmp_path):
    """Return a function that writes the page for a set of five utterances and parses it."""
    set_dir = make_se_set(utterances=5, seconds=0.3)

    def run(*options: str) -> Page:
        template = str(set_dir.parent / "{set}")
        noisy, student = f"noisy:{template}/wav.scp", f"student:{template}/spk1.scp"
        command = ["--sets", str(set_dir), "--system", noisy, "--system", student]
        main([*command, "--out", str(tmp_path / "listen.html"), *options])
        return Page((tmp_path / "listen.html").read_text())

    run.set_dir = set_dir
    return run


def test_sound_and_picture_of_each_system(listen):
    page = listen("--count", "3", "--system", "teacher:/not/there/{set}")
    assert page.open == []
    assert len(page.sounds) == len(page.pictures) == 3 * 2
    assert all(picture.startswith(b"\x89PNG") for picture in page.pictures)
    noisy = read_columns(listen.set_dir / "wav.scp")
    for utterance, sound in zip(("F01_0", "F01_2", "F01_4"), page.sounds[::2], strict=True):
        samples, rate = soundfile.read(io.BytesIO(sound), dtype="int16")
        wanted, _ = soundfile.read(noisy[utterance], dtype="int16")
        assert rate == 16000 and np.array_equal(samples, wanted)
    assert page.words.count("PRICES & RATES") == 3
    assert "Student" in page.words and "Text-informed teacher" not in page.words


def test_the_page_loads_nothing_from_other_files_or_sites(listen, tmp_path):
    listen()
    assert not re.search(r"https?://|src=\"(?!data:)", (tmp_path / "listen.html").read_text())


def test_a_silent_output_is_shown(listen):
    for path in read_columns(listen.set_dir / "spk1.scp").values():
        write_samples(path, np.zeros(4800, np.int16))
    assert len(listen("--count", "1").sounds) == 2


def test_a_system_that_lacks_an_utterance(listen):
    write_columns(listen.set_dir / "spk1.scp", {"F01_1": "x.wav"})
    with pytest.raises(SystemExit, match="spk1.scp: lacks 'F01_0'"):
        listen()


@pytest.mark.parametrize("options", [["--count", "0"], ["--system", "noisy"]])
def test_wrong_options(listen, options):
    with pytest.raises(SystemExit, match=f"{options[0]}: .*{options[1]}"):
        listen(*options)
