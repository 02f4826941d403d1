"""Progress in a log and on a terminal."""

import re

from espnet_kd.progress import progress


def test_items_pass_and_the_end_is_reported(capsys):
    assert list(progress("abc", "work")) == ["a", "b", "c"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and re.fullmatch(r"work: 3 done \(\d+\.\d s\)", lines[0])


def test_a_line_at_intervals(capsys):
    list(progress(iter("ab"), "work", total=2, every=0))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" (")[0] for line in lines] == ["work: 1/2", "work: 2/2", "work: 2 done"]


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(progress(iter("ab"), "work", total=2)) == ["a", "b"]
    assert "work: 100%" in capsys.readouterr().err
