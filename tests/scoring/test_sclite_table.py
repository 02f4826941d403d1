from __future__ import annotations

import pytest

from espnet_kd.scoring.align import Counts
from espnet_kd.scoring.sclite_table import Row, sclite_table

# Two speakers with two utterances each, one reference is empty. The numbers below are sclite's.
F01 = [Counts(4, 1, 1, 1), Counts(4, 1, 1, 2)]
F02 = [Counts(0, 0, 0, 1), Counts(0, 0, 1, 0)]


def numbers(table: str, name: str) -> list[str]:
    lines = (line for line in table.splitlines() if line.startswith(f"| {name}"))
    return [" ".join(line.replace("|", " ").split()[1:]) for line in lines]


def test_rows_match_sclite():
    table = sclite_table("hyp", {"F01": Row.of(F01), "F02": Row.of(F02)})
    percent, counts = numbers(table, "F01")
    assert percent == "2 12 66.7 16.7 16.7 25.0 58.3 100.0"
    assert counts == "2 12 8 2 2 3 7 2"
    assert numbers(table, "F02")[0] == "2 1 0.0 0.0 100.0 100.0 200.0 100.0"
    sums = numbers(table, "Sum")
    assert sums[0] == "4 13 61.5 15.4 23.1 30.8 69.2 100.0"
    assert sums[1] == "4 13 8 2 3 4 9 4"


def test_table_has_the_one_average_row_that_espnet_reads():
    table = sclite_table("hyp", {"F01": Row.of(F01)})
    rows = [line for line in table.splitlines() if "Avg" in line]
    assert len(rows) == 1
    assert [len(part.split()) for part in rows[0].strip("|").split("|")] == [1, 2, 6]


def test_lines_have_equal_length_for_long_names():
    table = sclite_table("hyp", {"A_VERY_LONG_SPEAKER_NAME": Row.of(F01)}).split("\n\n")[0]
    assert len({len(line) for line in table.splitlines()[1:]}) == 1


def test_a_sentence_with_only_insertions_is_wrong():
    row = Row.of([Counts(correct=3), Counts(correct=3, inserted=1)])
    assert (row.sentences, row.wrong_sentences) == (2, 1)
    assert row.percentages()[4:] == ("16.7", "50.0")


@pytest.mark.parametrize(
    ("counts", "percent"),
    [(Counts(11, 5), "31.3"), (Counts(39, 41), "51.2"), (Counts(1999, 1), "0.1")],
)
def test_halves_are_rounded_like_sclite_rounds_them(counts, percent):
    assert Row.of([counts]).percentages()[1] == percent


def test_a_speaker_without_reference_words_has_counts_with_a_star():
    assert Row.of([Counts(inserted=2)]).percentages() == ("0*", "0*", "0*", "2*", "2*", "100.0")
