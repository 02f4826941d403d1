"""Files with the same samples."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import soundfile

from espnet_kd.data import contents
from espnet_kd.errors import UserError


@pytest.fixture
def write(tmp_path):
    def write_file(name, samples, **options):
        soundfile.write(tmp_path / name, samples, 16000, **options)
        return str(tmp_path / name)

    return write_file


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(-900, 900, 40_000).astype(np.int16)


def test_links_copies_and_other_formats_are_found(write, noise, tmp_path):
    paths = [write("a.wav", noise), write("b.flac", noise), write("c.wav", noise, subtype="PCM_24")]
    os.symlink(paths[0], tmp_path / "d.wav")
    shutil.copy(paths[0], tmp_path / "e.wav")
    others = [write("f.wav", noise[:-1]), write("g.wav", -noise)]
    links = [str(tmp_path / name) for name in ("d.wav", "e.wav")]
    assert list(contents.same_audio([*paths, *others, *links], 1)) == [[*paths, *links]]


def test_files_that_differ_only_outside_their_middle_are_different(write, noise):
    paths = [write("a.wav", noise)]
    for name, place in (("b.wav", 0), ("c.wav", -1)):
        changed = noise.copy()
        changed[place] += 1
        paths.append(write(name, changed))
    copies = [write(f"copy_{os.path.basename(path)}", soundfile.read(path)[0]) for path in paths]
    assert len({contents.fingerprint(path) for path in paths}) == 1
    found = list(contents.same_audio([*paths, *copies], 1))
    assert found == [[path, copy] for path, copy in zip(paths, copies, strict=True)]


def test_samples_that_cannot_be_decoded(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"a\.wav: is not a wav file"):
        list(contents.same_audio([str(tmp_path / "a.wav")], 1))
