"""Readers of tables, texts and options, with made-up content: an answer or one clear line."""

from __future__ import annotations

import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espnet_kd.characters import unseen
from espnet_kd.corpora.own.recordings import COLUMNS, read_table
from espnet_kd.data.lm_text import read_lm_text
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.options import split_fields

SCRIPTS = Path(__file__).parents[2] / "egs2/TEMPLATE/enh_kd1/scripts"
quick = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ODD = "aB1 _-\t\"'{}@;:\\\u00e4\u0301\u200b\u00a0\ufeff\u2028\x00\x1c\x85\r\n"
odd_text = st.text(st.sampled_from(ODD), max_size=12)
odd_bytes = st.one_of(
    st.binary(max_size=60),
    st.lists(odd_text, max_size=6).map(lambda lines: "\n".join(lines).encode()),
)


def lines_of(content: bytes) -> list[str]:
    """Return the lines of a file that Python can decode."""
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def one_line(error: UserError, path: Path) -> None:
    message = str(error)
    assert str(path) in message and "\n" not in message and message.isprintable()


@quick
@given(odd_bytes)
def test_kaldi_files(tmp_path, content):
    path = tmp_path / "text"
    path.write_bytes(content)
    try:
        table = read_columns(path)
    except UserError as error:
        return one_line(error, path)
    lines = lines_of(content)
    assert len(table) == len(lines) - (lines[-1] == ""), "no line is lost"
    assert list(table) == sorted(table) and not any(map(unseen, table))
    for line, (key, value) in zip(lines, table.items(), strict=False):
        assert "".join(line.split()) == "".join((key + value).split())


@quick
@given(st.dictionaries(odd_text, odd_text, max_size=4))
def test_what_is_written_is_read_again(tmp_path, values):
    path = tmp_path / "new"
    try:
        write_columns(path, values)
        table = read_columns(path)
    except UserError as error:
        return one_line(error, path)
    assert table == {key: value.strip() for key, value in values.items()}


@quick
@given(st.lists(st.lists(odd_text, min_size=6, max_size=6), max_size=3), st.booleans())
def test_tables_of_an_own_corpus(tmp_path, rows, plain):
    path = tmp_path / "table.tsv"
    fixed = ("train", "a", "s", "n.wav", "")
    cells = [
        [*fixed[:1], f"s{n}", *fixed[2:], row[5]] if plain else row for n, row in enumerate(rows)
    ]
    content = "\n".join("\t".join(row) for row in [COLUMNS, *cells]).encode()
    path.write_bytes(content)
    try:
        recordings = list(read_table(path))
    except UserError as error:
        return one_line(error, path)
    assert len(recordings) == sum(bool(line.strip()) for line in lines_of(content)) - 1
    assert all(r.text and not unseen(r.text) for r in recordings)


@quick
@given(odd_bytes)
def test_tables_of_any_content(tmp_path, content):
    path = tmp_path / "table.tsv"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        list(read_table(path))
    one_line(caught.value, path)


@quick
@given(odd_bytes)
def test_text_of_a_language_model(tmp_path, content):
    path = tmp_path / "lm"
    path.write_bytes(content)
    try:
        sentences = list(read_lm_text([path]))
    except UserError as error:
        return one_line(error, path)
    lines = lines_of(content)
    assert len(sentences) == len({name for name, _ in sentences})
    assert len(sentences) == len(lines) - (lines[-1] == "")


@quick
@given(st.text(st.sampled_from("ab:\\ /,"), max_size=12), st.sampled_from(["A:B:C", "NAME:A"]))
def test_options_of_several_fields(text, form):
    try:
        fields = split_fields("--job", text, form)
    except UserError as error:
        return one_line(error, Path("--job"))
    assert len(fields) == len(form.split(":")) and all(fields)
    assert ":".join(fields) == text.replace("\\:", ":")


def test_options_of_the_recipe(tmp_path):
    """Every word is an option that is set as it is, or the only line on stderr names it."""
    block = "### options\nnj=1\nuse_lm=true\nexpdir=exp\ndumpdir=dump\nstage=1\nstop_stage=9\n"
    script = tmp_path / "run.sh"
    script.write_text(
        f"set -euo pipefail\n{block}### end of options\n. {SCRIPTS}/functions.sh\n"
        f'. {SCRIPTS}/parse_options.sh\nprintf "%s|" "$nj" "$use_lm" "$expdir" "$stage"\n'
    )
    values = ["x", "", "a b", "*", "$(touch bad)", "`touch bad`", "'", '"', "a:b", "-1", "--nj"]
    values += ["\u200b", "a\nb", "true", "08", string.punctuation]
    for name in ("nj", "use_lm", "expdir", "stage", "no", "nj[$(touch bad)]", "", "BASH_ENV"):
        for value in values[:: 2 if name in ("nj", "expdir") else 5]:
            command = ["bash", str(script), f"--{name}", value]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
            if done.returncode:
                assert done.stderr.startswith(f"error: --{name}") and done.stdout == ""
                assert done.stderr.count("error:") == 1 and "line " not in done.stderr
            else:
                expected = {"nj": "1", "use_lm": "true", "expdir": "exp", "stage": "1"} | {
                    name: value
                }
                assert done.stdout == "".join(f"{v}|" for v in expected.values()), command
    assert not (tmp_path / "bad").exists()
