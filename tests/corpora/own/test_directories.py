"""Your own corpora as Kaldi directories."""

from __future__ import annotations

import pytest

from espnet_kd.corpora.own.recordings import read_directory
from espnet_kd.errors import UserError


@pytest.mark.parametrize("category", ["SIMU", "REAL", "CLEAN"])
def test_directories_are_read_as_their_category(kaldi, category):
    first, second = read_directory(f"{category}:valid:{kaldi}")
    assert (first.id, second.id) == (f"ann-1_{category}", f"ann-2_{category}")
    assert second.text == "TWO TWO" and first.part == "valid" and first.speaker == "ann"
    assert first.audio == "/a/1.wav"
    assert first.reference == ("/c/1.wav" if category == "SIMU" else "")


@pytest.mark.brings("lists", "a command or an archive in wav.scp, or no file", "it is named")
@pytest.mark.parametrize(
    ("option", "file", "text", "message"),
    [
        ("REAL:train", None, "", "is not CATEGORY:PART:DIRECTORY"),
        ("NOISY:train:{}", None, "", "names no category"),
        ("REAL:dev:{}", None, "", "part is 'dev'"),
        ("REAL:train:{}", "segments", "", "segments: is not supported"),
        ("REAL:train:{}", "wav.scp", "ann-1 cat x |\nann-2 /a\n", "'cat x |' is a command"),
        ("REAL:train:{}", "wav.scp", "ann-1 |cat x\nann-2 /a\n", "'|cat x' is a command"),
        ("REAL:train:{}", "wav.scp", "ann-1 a.ark:12\nann-2 /a\n", "'a.ark:12' is a place in an"),
        ("REAL:train:{}", "wav.scp", "ann-1 -\nann-2 /a\n", "'-' is standard input"),
        ("REAL:train:{}", "wav.scp", "ann-1\nann-2 /a\n", "wav.scp: names no file for 'ann-1'"),
        ("SIMU:train:{}", "spk1.scp", "ann-1\nann-2 /a\n", "spk1.scp: names no file for 'ann-1'"),
        ("REAL:train:{}", "wav.scp", "", "wav.scp: is empty; write it, or correct --dir"),
        ("REAL:train:{}", "wav.scp", None, "wav.scp: does not exist; write it, or correct --dir"),
        ("REAL:train:{}", "text", "ann-1 ONE\n", "text: differs from wav.scp in 'ann-2'"),
        ("REAL:train:{}", "text", "ann-1 ONE\nann-2\n", "'ann-2' has no text"),
        ("SIMU:train:{}", "spk1.scp", None, "spk1.scp: does not exist"),
    ],
)
def test_bad_directories_are_errors(kaldi, option, file, text, message):
    if file and text is None:
        (kaldi / file).unlink()
    elif file:
        (kaldi / file).write_text(text)
    with pytest.raises(UserError) as caught:
        list(read_directory(option.format(kaldi)))
    assert message in str(caught.value)
