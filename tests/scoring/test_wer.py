from __future__ import annotations

import pytest

from espnet_kd.bin.score_wer import main
from espnet_kd.errors import UserError
from espnet_kd.scoring.align import Counts
from espnet_kd.scoring.wer import read_counts

FILES = {
    "text": "F01_a STOCKS ROSE\nF01_b RAIN\nM02_c THE MAYOR\n",
    "utt2spk": "F01_a F01\nF01_b F01\nM02_c M02\n",
    "hyp": "F01_a STOCKS ROTE\nF01_b\nM02_c The MAYOR SPOKE\n",
}


@pytest.fixture
def job(tmp_path):
    """Return a function that writes the files, with changes, and returns the command line."""

    def make(**changed: str) -> list[str]:
        for name, text in {**FILES, **changed}.items():
            (tmp_path / name).write_text(text)
        return ["--job", f"{tmp_path / 'hyp'}:{tmp_path}:{tmp_path / 'out'}"]

    return make


def test_files_for_words_and_characters(job, tmp_path, capsys):
    main(job())
    out = tmp_path / "out"
    assert (out / "wer/hyp.trn").read_text().splitlines() == [
        "STOCKS ROTE\t(F01-F01_a)",
        "\t(F01-F01_b)",
        "The MAYOR SPOKE\t(M02-M02_c)",
    ]
    assert (out / "cer/ref.trn").read_text().splitlines()[0] == (
        "S T O C K S <space> R O S E\t(F01-F01_a)"
    )
    assert read_counts(out / "wer/counts.tsv") == {
        "F01_a": Counts(1, 1, 0, 0),
        "F01_b": Counts(0, 0, 1, 0),
        "M02_c": Counts(2, 0, 0, 1),
    }
    assert read_counts(out / "cer/counts.tsv")["F01_a"] == Counts(10, 1, 0, 0)
    result = (out / "wer/result.txt").read_text()
    assert "| F01    |     2      3 |    33.3    33.3    33.3     0.0    66.7   100.0 |" in result
    assert "| Sum/Avg|     3      5 |    60.0    20.0    20.0    20.0    60.0   100.0 |" in result
    assert "WER 60.0 % of 5 words" in capsys.readouterr().out


def test_removed_words_are_not_scored(job, tmp_path):
    command = job(hyp=FILES["hyp"].replace("RO", "<NOISE> RO").replace("ROTE", "ROSE"))
    (tmp_path / "nlsyms.txt").write_text("<NOISE>\n")
    main([*command, "--nlsyms_txt", str(tmp_path / "nlsyms.txt")])
    assert read_counts(tmp_path / "out/wer/counts.tsv")["F01_a"] == Counts(correct=2)
    assert read_counts(tmp_path / "out/cer/counts.tsv")["F01_a"] == Counts(correct=11)


@pytest.mark.brings("scoring", "{ A / B }, @ or ;; in a reference", "spell out what is said")
@pytest.mark.brings("scoring", "an invisible character in a text to score", "it is named")
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("hyp", "F01_a A\nF01_b B\n", "lacks 'M02_c'"),
        ("hyp", FILES["hyp"] + "X99 A\n", "'X99' is not in"),
        ("hyp", "F01_b B\nF01_a A\n", "not sorted"),
        ("text", FILES["text"].replace(" RAIN", ""), "'F01_b' has no words"),
        ("text", "", "is empty"),
        ("hyp", FILES["hyp"].replace("ROTE", "RO\u200bTE"), "hyp: 'F01_a' has U+200B ZERO WIDTH"),
        ("text", FILES["text"].replace("RAIN", "R\u00adAIN"), "'F01_b' has U+00AD SOFT HYPHEN"),
        (
            "text",
            FILES["text"].replace("RAIN", "{ RAIN / RAINS }"),
            "'F01_b' has '{', which sclite",
        ),
        ("text", FILES["text"].replace("RAIN", "RAIN @ NOON"), "'F01_b' has '@', which sclite"),
        ("text", FILES["text"].replace("RAIN", ";; RAIN"), "'F01_b' has ';;', which sclite"),
        ("utt2spk", "F01_a F01\nF01_b F01\n", "lacks 'M02_c'"),
    ],
)
def test_bad_input_is_a_one_line_error_and_nothing_is_written(job, tmp_path, name, text, message):
    with pytest.raises(SystemExit) as stop:
        main(job(**{name: text}))
    assert message in stop.value.code and name in stop.value.code
    assert "\n" not in stop.value.code
    assert not (tmp_path / "out").exists()


@pytest.mark.brings("scoring", "references of which no word is scored (<NOISE>)", "it says so")
def test_references_of_removed_words_only(job, tmp_path):
    command = job(text="F01_a <NOISE>\nF01_b <NOISE>\nM02_c <NOISE> <NOISE>\n")
    (tmp_path / "nlsyms.txt").write_text("<NOISE>\n")
    with pytest.raises(SystemExit, match="text: no utterance has a word to score; all .* <NOISE>"):
        main([*command, "--nlsyms_txt", str(tmp_path / "nlsyms.txt")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [["--job", "a:b"], ["--job", "a:b:c", "--nlsyms_txt", "/no"]])
def test_wrong_options(command):
    with pytest.raises(SystemExit, match="a:b|/no"):
        main(command)


@pytest.mark.parametrize("text", ["", "utt\tx\n", "{}u\t1\t2\t3\n", "{}u\t1\t2\t3\t-4\n"])
def test_a_file_that_is_not_a_count_table(tmp_path, text):
    path = tmp_path / "counts.tsv"
    path.write_text(text.format("utt\tcorrect\tsubstituted\tdeleted\tinserted\n"))
    with pytest.raises(UserError, match="score the set again"):
        read_counts(path)
