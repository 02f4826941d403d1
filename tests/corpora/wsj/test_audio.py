from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.corpora.wsj.audio import convert_recordings, copy_path
from espnet_kd.data.audio import read_samples
from espnet_kd.errors import UserError

from .wsj_files import recording, write, write_sph2pipe, write_sphere

NAMES = ("011c0201", "4abc0201")


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Two recordings, with sph2pipe on the PATH."""
    monkeypatch.setenv("PATH", str(write_sph2pipe(tmp_path / "bin")), prepend=":")
    return {name: write_sphere(tmp_path / f"{name}.wv1", recording(name)) for name in NAMES}


def convert(sources, folder):
    """Convert the recordings; return the path of each copy."""
    convert_recordings(sources.items(), folder, nj=1)
    return {name: copy_path(folder, name) for name in sources}


def test_samples_are_unchanged_and_a_second_run_makes_only_missing_copies(
    sources, tmp_path, capsys
):
    copies = convert(sources, tmp_path / "flac")
    assert copies["4abc0201"] == tmp_path / "flac/4ab/4abc0201.flac"
    for name in NAMES:
        assert np.array_equal(read_samples(copies[name]), recording(name))
    assert "2 recordings converted, 0 already there" in capsys.readouterr().out
    copies["011c0201"].unlink()
    kept = copies["4abc0201"].stat().st_mtime_ns
    assert convert(sources, tmp_path / "flac") == copies
    assert "1 recordings converted, 1 already there" in capsys.readouterr().out
    assert copies["4abc0201"].stat().st_mtime_ns == kept


def test_a_copy_of_another_source_is_made_again(sources, tmp_path):
    other = write_sphere(tmp_path / "other/011c0201.wv1", recording("other"))
    convert({"011c0201": other}, tmp_path / "flac")
    copies = convert(sources, tmp_path / "flac")
    assert np.array_equal(read_samples(copies["011c0201"]), recording("011c0201"))


def test_without_sph2pipe_one_line_says_what_to_do(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError) as caught:
        convert(sources, tmp_path / "flac")
    assert str(caught.value) == (
        "sph2pipe: is not on the PATH, and nothing else reads WSJ's compressed recordings; "
        "install it, or leave WSJ0 and WSJ1 empty in db.sh"
    )


def damage_samples(path):
    path.write_bytes(path.read_bytes()[:1500])


def shorten_by_one(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"sample_count -i 4000", b"sample_count -i 4001"))


def no_header(path):
    write(path, "RIFF")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (damage_samples, r"cannot be read by sph2pipe \(cannot be decompressed\)"),
        (
            shorten_by_one,
            "has 4000 samples in 1 channels at 16000 Hz, but its header says 4001 in 1 at 16000",
        ),
        (no_header, "is not a SPHERE file"),
    ],
)
def test_a_bad_file_is_an_error_and_leaves_no_copy(sources, tmp_path, damage, problem):
    damage(sources["011c0201"])
    with pytest.raises(UserError, match=f"011c0201.wv1: {problem}.*; restore it$"):
        convert(sources, tmp_path / "flac")
    assert not list((tmp_path / "flac").rglob("*011c*"))


def test_a_program_that_writes_no_wav(sources, tmp_path):
    (tmp_path / "bin/sph2pipe").write_text("#!/bin/sh\necho usage\n")
    with pytest.raises(UserError, match="011c0201.wv1: cannot be converted to wav by sph2pipe"):
        convert(sources, tmp_path / "flac")
