"""Errors of the command make_mini_chime4."""

import pytest

from espnet_kd.bin.make_mini_chime4 import main


def run(*options):
    with pytest.raises(SystemExit) as stop:
        main([str(option) for option in options])
    return stop.value.code


def test_truth_inside_the_corpus_is_one_line(tmp_path):
    message = run("--out", tmp_path / "c", "--truth_dir", tmp_path / "c" / "truth")
    assert message.startswith("error: ") and "inside the corpus" in message
    assert "\n" not in message and not (tmp_path / "c").exists()


def test_a_directory_with_other_files_is_not_changed(tmp_path):
    (tmp_path / "letter").write_text("dear")
    assert "not empty" in run("--out", tmp_path, "--scale", "tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def test_a_file_in_place_of_the_directory(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert f"error: {file}: is not a directory" in run("--out", file)


def test_zero_processes_are_rejected(tmp_path):
    assert "--nj: 0" in run("--out", tmp_path / "c", "--nj", 0)


def test_an_unknown_scale_is_rejected(tmp_path, capsys):
    assert run("--out", tmp_path / "c", "--scale", "huge") == 2
    assert "invalid choice: 'huge'" in capsys.readouterr().err
