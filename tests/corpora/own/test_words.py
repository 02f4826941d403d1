"""Words of your own corpora: what a spreadsheet or an editor leaves in them."""

from __future__ import annotations

import pytest

from espnet_kd.corpora.own.recordings import read_directory
from espnet_kd.data.kaldi_dir import read_set


@pytest.mark.brings("text", "cells in quotes, as a spreadsheet writes them", "quotes go, counted")
@pytest.mark.brings("text", "zero-width spaces and soft hyphens", "removed from words, counted")
def test_words_are_cleaned_and_changes_counted(own, capsys):
    own.edit("train_a", "text", '"HE SAID ""HELLO"""')
    own.edit("train_b", "text", "A\u200bB\u00a0C")
    own.edit("bob-train", "text", '"D" E')
    own.edit("bob-train", "noisy", '"audio/train_street.wav"')
    own.run()
    assert read_set(own.root / "data/train_simu")["text"] == {
        "ann-train_a_SIMU": 'HE SAID "HELLO"',
        "ann-train_b_SIMU": "AB C",
    }
    assert read_set(own.root / "data/train_real")["text"] == {"bob-train_REAL": '"D" E'}
    out = capsys.readouterr().out
    assert f"{own.table}: removed the quotes around 2 cells\n" in out
    assert f"{own.table}: removed U+200B ZERO WIDTH SPACE from 1 transcripts" in out


@pytest.mark.brings("text", "a text in quotes over two lines of the table", "its line is named")
def test_a_quoted_cell_over_two_lines(own):
    own.edit("train_a", "text", '"ONE\nTWO"')
    assert "line 2: has 6 cells" not in own.error()
    own.edit("train_a", "text", '"ONE\tTWO"')
    assert "line 2: has 7 cells, not 6; write the text in quotes in one line" in own.error()


@pytest.mark.brings("text", "a NUL or another control character", "line and character")
@pytest.mark.parametrize("column", ["text", "noisy", "id"])
def test_control_characters(own, column):
    own.edit("train_a", column, "A\x00B")
    assert "table.tsv: line 2 has the control character U+0000" in own.error()


def test_directory_texts_are_cleaned_too(kaldi, capsys):
    (kaldi / "text").write_bytes('\ufeffann-1 ONE\u200b\nann-2\t"TWO ""3"""\n'.encode())
    assert [r.text for r in read_directory(f"REAL:train:{kaldi}")] == ["ONE", 'TWO "3"']
    assert f"{kaldi}/text: removed U+200B" in capsys.readouterr().out
