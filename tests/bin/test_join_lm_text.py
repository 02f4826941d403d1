"""The command join_lm_text."""

from __future__ import annotations

import pytest

from espnet_kd.bin import join_lm_text

TOKENS = ("<blank>", "<unk>", "<NOISE>", *"ABC", "<space>", "<sos/eos>")


@pytest.fixture
def options(tmp_path):
    (tmp_path / "tokens.txt").write_text("".join(f"{token}\n" for token in TOKENS))
    (tmp_path / "set").write_text("011c0201_CLEAN A <NOISE> B\n011c0202_CLEAN CAB\n")
    (tmp_path / "more").write_text("wsj1_lng_0000001 A B?\n")
    paths = [str(tmp_path / name) for name in ("set", "more")]
    return ["--text", *paths, "--token_list", f"{tmp_path}/tokens.txt", "--out", f"{tmp_path}/out"]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_text_and_shapes_in_the_given_order_for_any_batch_size(
    options, tmp_path, capsys, monkeypatch, batch
):
    monkeypatch.setattr(join_lm_text, "BATCH", batch)
    join_lm_text.main(options)
    assert (tmp_path / "out/text").read_text() == (
        "011c0201_CLEAN A <NOISE> B\n011c0202_CLEAN CAB\nwsj1_lng_0000001 A B?\n"
    )
    assert (tmp_path / "out/text_shape.char").read_text() == (
        "011c0201_CLEAN 5,8\n011c0202_CLEAN 3,8\nwsj1_lng_0000001 4,8\n"
    )
    printed = capsys.readouterr().out
    assert "not in the token list, read as <unk>: ?\n" in printed
    assert f"out: 3 sentences of {tmp_path}/set, {tmp_path}/more" in printed


def test_byte_order_mark_tabs_and_windows_line_ends_are_accepted(options, tmp_path):
    (tmp_path / "more").write_bytes(b"\xef\xbb\xbfmine1\tA  B\r\nmine2 C\r\n")
    join_lm_text.main(options)
    assert (tmp_path / "out/text").read_text().endswith("CAB\nmine1 A B\nmine2 C\n")


@pytest.mark.parametrize("line", ["wsj1_lng_0000001", "wsj1_lng_0000001 ", ""])
def test_a_line_without_words_writes_nothing(options, tmp_path, line):
    (tmp_path / "more").write_text(f"{line}\n")
    with pytest.raises(SystemExit, match="more: line 1 has no words; write ID WORDS"):
        join_lm_text.main(options)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.brings("text", "an id twice in --lm_text", "both lines are named")
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("m1 A\nm2 B\nm1 C\n", "more: id 'm1' of line 3 is also in {}/more, line 1; begin each"),
        ("m1 A\n011c0202_CLEAN C\n", "more: id '011c0202_CLEAN' of line 2 is also in {}/set, li"),
    ],
)
@pytest.mark.parametrize("batch", [1, 100])
def test_a_repeated_id(options, tmp_path, monkeypatch, more, message, batch):
    monkeypatch.setattr(join_lm_text, "BATCH", batch)
    (tmp_path / "more").write_text(more)
    with pytest.raises(SystemExit) as stop:
        join_lm_text.main(options)
    assert message.format(tmp_path) in stop.value.code and "\n" not in stop.value.code
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.brings("text", "sentences without ids in --lm_text", "their first word is no id")
@pytest.mark.parametrize("more", ["CAB A\nB A\n", "x1 A\nThe cab\na cab for the\n"])
def test_sentences_without_ids(options, tmp_path, more):
    (tmp_path / "more").write_text(more)
    with pytest.raises(
        SystemExit, match=r"more: line \d begins with the word '\w+', not with an id"
    ):
        join_lm_text.main(options)
    assert not list((tmp_path / "out").iterdir())


def test_numbers_may_be_ids_and_words(options, tmp_path):
    (tmp_path / "more").write_text("1 A 2\n2 B 1\n")
    join_lm_text.main(options)
    assert (tmp_path / "out/text").read_text().endswith("CAB\n1 A 2\n2 B 1\n")


@pytest.mark.brings("text", "invisible characters in --lm_text", "removed and counted")
def test_invisible_characters_are_removed(options, tmp_path, capsys):
    (tmp_path / "more").write_text("mine1 A\u200bB\u00a0C\n")
    join_lm_text.main(options)
    assert (tmp_path / "out/text").read_text().endswith("CAB\nmine1 AB C\n")
    assert capsys.readouterr().out.count("more: removed U+200B ZERO WIDTH SPACE from 1") == 1


@pytest.mark.brings("text", "quotes around the words of a line of --lm_text", "removed, counted")
def test_quotes_around_all_words(options, tmp_path, capsys):
    (tmp_path / "more").write_text('mine1 "A ""B"""\nmine2 "A" B\n')
    join_lm_text.main(options)
    assert (tmp_path / "out/text").read_text().endswith('CAB\nmine1 A "B"\nmine2 "A" B\n')
    assert "more: removed the quotes around 1 cells" in capsys.readouterr().out


@pytest.mark.brings("text", "an empty file in --lm_text", "it is named")
def test_an_empty_file(options, tmp_path):
    (tmp_path / "more").write_text("")
    with pytest.raises(SystemExit, match="more: is empty; restore it or leave it out"):
        join_lm_text.main(options)


def test_text_that_is_not_utf8(options, tmp_path):
    (tmp_path / "more").write_bytes("wsj1_lng_0000001 CAFÉ\n".encode("latin-1"))
    with pytest.raises(SystemExit, match="more: is not UTF-8"):
        join_lm_text.main(options)


def test_a_missing_file(options, tmp_path):
    (tmp_path / "more").unlink()
    with pytest.raises(SystemExit, match="more: is not a file; correct --lm_text"):
        join_lm_text.main(options)
    assert not list((tmp_path / "out").iterdir())


def test_bpe_needs_its_model(options):
    with pytest.raises(SystemExit, match="--bpemodel: is not given"):
        join_lm_text.main([*options, "--token_type", "bpe"])
