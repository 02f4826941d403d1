"""The command prepare_wsj."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.bin.prepare_wsj import main
from espnet_kd.data.audio import read_samples
from espnet_kd.data.kaldi_dir import check_audio, read_set

from ..corpora.wsj.wsj_files import (
    recording,
    write_lm_text_files,
    write_sph2pipe,
    write_wsj0,
    write_wsj1,
)


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Return a function that returns the arguments, with some of them changed."""
    monkeypatch.setenv("PATH", str(write_sph2pipe(tmp_path / "bin")), prepend=":")
    values = {
        "wsj0": write_wsj0(tmp_path / "WSJ0"),
        "wsj1": write_lm_text_files(write_wsj1(tmp_path / "WSJ1")),
        "out": tmp_path / "data",
        "audio": tmp_path / "dump/wsj",
        "lm_text": tmp_path / "data/local/other_text/text",
        "nj": 1,
        "allow_partial": "true",
    }

    def give(**changes) -> list[str]:
        pairs = {**values, **changes}.items()
        return [word for name, value in pairs for word in (f"--{name}", str(value))]

    return give


def one_line(words) -> str:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert isinstance(caught.value.code, str) and "\n" not in caught.value.code
    return caught.value.code


def test_the_set_contains_both_corpora_without_speaker_401(options, tmp_path, capsys):
    main(options())
    tables = read_set(tmp_path / "data/train_si284")
    assert tables["text"] == {
        "011c0201_CLEAN": "STOCKS FELL ,COMMA <NOISE> HE SAID",
        "011c0202_CLEAN": "PRICES ROSE TEN PERCENT",
        "4abc0201_CLEAN": "THE MAYOR SPOKE",
    }
    assert tables["utt2spk"]["4abc0201_CLEAN"] == "4ab"
    assert set(tables["utt2category"].values()) == {"CLEAN"}
    check_audio(tmp_path, tables, nj=1, samples=True)
    for name in ("011c0202", "4abc0201"):
        samples = read_samples(tables["wav.scp"][f"{name}_CLEAN"])
        assert np.array_equal(samples, recording(name))
    printed = capsys.readouterr().out
    assert "train_si284: 3 utterances, 37416 expected" in printed
    assert (tmp_path / "data/local/other_text/text").read_text().count("\n") == 3


def test_too_few_utterances_stop_before_any_is_converted(options, tmp_path):
    assert one_line(options(allow_partial="false")) == (
        "error: train_si284: 3 utterances, 37416 expected; restore WSJ0 and WSJ1, or continue "
        "with what is there: --allow_partial true"
    )
    assert not (tmp_path / "dump").exists() and not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("pattern", "what"), [("011c0201.wv1", "recording"), ("011c0200.dot", "transcript")]
)
def test_missing_files_that_an_index_lists(options, tmp_path, capsys, pattern, what):
    next((tmp_path / "WSJ0").rglob(pattern)).unlink()
    missing = f"{tmp_path}/WSJ0 lacks the {what} of 011c0201 (wsj0/si_tr_s/011/011c0201.wv1)"
    assert missing in one_line(options(allow_partial="false"))
    capsys.readouterr()
    main(options())
    count = 1 if what == "recording" else 2
    assert f"{count} listed but missing, first: {missing}\n" in capsys.readouterr().out
    assert len(read_set(tmp_path / "data/train_si284")["text"]) == 3 - count


def test_without_sph2pipe(options, monkeypatch):
    words = options()
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sph2pipe: is not on the PATH" in one_line(words)


def test_a_directory_that_is_not_a_corpus(options, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty: holds no WSJ files" in one_line(options(wsj1=tmp_path / "empty"))
