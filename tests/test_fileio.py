"""Atomic writes, and checks of text and two-column files when they are read."""

import errno
import io
import os

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import (
    atomic_path,
    read_columns,
    read_text,
    write_changed,
    write_columns,
    write_lines,
    write_text,
)


def test_columns_come_back_sorted(tmp_path):
    path = tmp_path / "new" / "text"
    write_columns(path, {"b": "TWO WORDS", "a": "", "B": 3})
    assert path.read_text() == "B 3\na\nb TWO WORDS\n"
    assert read_columns(path) == {"B": "3", "a": "", "b": "TWO WORDS"}


def test_a_tab_may_separate_the_columns(tmp_path):
    (tmp_path / "text").write_bytes(b"a\tONE  TWO \r\nb\t\r\n")
    assert read_columns(tmp_path / "text") == {"a": "ONE  TWO", "b": ""}


@pytest.mark.brings("lists", "a byte order mark in a Kaldi file", "it is ignored")
def test_a_byte_order_mark_is_not_part_of_the_first_id(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa ONE\r\nb TWO\r\n")
    assert read_columns(tmp_path / "text") == {"a": "ONE", "b": "TWO"}


@pytest.mark.brings(
    "lists", "a NUL, another control character, or an invisible one in an id", "line and character"
)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a 1\n\nb 2\n", "line 2 is empty; remove it"),
        (b"a 1\na 2\n", r"id 'a' appears twice \(line 2\); keep one"),
        (b"b 1\na 2\n", r"id 'a' \(line 2\) comes after 'b': not sorted; sort it"),
        (b"a \xff\n", r"is not UTF-8 \(invalid start byte\); convert it"),
        (b"a 1\nb 2\x003\n", r"line 2 has the control character U\+0000; remove it"),
        (b"a\x00 \x001\x00\n\x00", r"line 1 has the control character U\+0000"),
        ("a\u200b 1\n".encode(), r"id 'a\\u200b' \(line 1\) has U\+200B ZERO WIDTH SPACE; remove"),
    ],
)
def test_bad_columns_name_file_and_value(tmp_path, content, problem):
    path = tmp_path / "wav.scp"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}: {problem}"):
        read_columns(path)


@pytest.mark.brings("lists", "a name with a space or a line end in it", "the line shows it")
@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a b": "x"}, "id 'a b' is empty or has white space"),
        ({"a\u00a0b": "x"}, r"id 'a\\xa0b' is empty or has white space"),
        ({"": "x"}, "id '' is empty or has white space"),
        ({"a": "x\ny"}, r"the value 'x\\ny' of 'a' has a line end"),
    ],
)
def test_lines_that_could_not_be_read_again_are_not_written(tmp_path, values, problem):
    with pytest.raises(UserError, match=f"^{tmp_path}/new: {problem}"):
        write_columns(tmp_path / "new", {"A": "1", **values})
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=f"^{tmp_path}/wav.scp: does not exist; run the stage"):
        read_columns(tmp_path / "wav.scp")


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.wav"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        assert temporary.suffix == ".wav" and temporary.parent == tmp_path
        temporary.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "new"),
        lambda path: write_lines(path, ["new"]),
        lambda path: write_columns(path, {"new": 1}),
    ],
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path, monkeypatch, write, number):
    """The system's own error does not name the file."""
    path = tmp_path / "wav.scp"
    write_text(path, "old")

    def no_space(*_, **__):
        raise OSError(number, os.strerror(number))

    class FullFile(io.StringIO):
        write = writelines = no_space

    monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: FullFile())
    monkeypatch.setattr("pathlib.Path.write_text", no_space)
    with pytest.raises(OSError) as caught:
        write(path)
    monkeypatch.undo()
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_a_path_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/new/a: cannot be written \(Not a directory\); "):
        write_text(tmp_path / "file/new/a", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"folder: cannot be written \(Is a directory\); "):
        write_text(tmp_path / "folder", "")

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)  # root may write everywhere
    with pytest.raises(UserError, match=r"folder/a: cannot be written \(Permission denied\); "):
        write_text(tmp_path / "folder/a", "")
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_read_errors_are_not_reported_as_write_errors(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a"):
        (tmp_path / "absent").read_text()


def test_text_with_any_line_ends_and_a_byte_order_mark(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntw\xc3\xb6\n")
    assert read_text(tmp_path / "a") == "one\ntwö\n"


def test_text_that_cannot_be_read(tmp_path):
    (tmp_path / "latin").write_bytes(b"tw\xf6")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, problem in (
        ("absent", "does not exist"),
        ("latin", "is not UTF-8"),
        ("loop", r"cannot be read \(Too many levels"),
        (".", r"cannot be read \(Is a directory"),
    ):
        with pytest.raises(UserError, match=f"^{tmp_path / name}: {problem}"):
            read_text(tmp_path / name)


def test_a_file_that_holds_the_text_is_left_alone(tmp_path):
    path = tmp_path / "a"
    write_changed(path, "one\n")
    os.utime(path, ns=(5, 5))
    write_changed(path, "one\n")
    assert path.stat().st_mtime_ns == 5
    write_changed(path, "two\n")
    assert path.read_text() == "two\n"


def test_a_file_name_that_is_not_utf8_cannot_be_listed(tmp_path):
    path = os.fsdecode(b"/a/\xff.wav")
    with pytest.raises(
        UserError, match=r"the name '/a/\\udcff.wav' of 'u' is not UTF-8; rename the"
    ):
        write_columns(tmp_path / "wav.scp", {"u": path})
    assert not list(tmp_path.iterdir())


def test_an_invisible_character_in_an_id_is_not_written(tmp_path):
    with pytest.raises(UserError, match=r"wav.scp: id '\\ufeff1' has U\+FEFF ZERO WIDTH NO-BREAK"):
        write_columns(tmp_path / "wav.scp", {"\ufeff1": "a.wav"})
