from math import nan

from espnet_kd.corpora.references.checks import Measures
from espnet_kd.corpora.references.subtraction import Outcome
from espnet_kd.corpora.references.table import table_lines

MEASURES = Measures(1, 3, 0.987, -40.25, nan, nan)


def test_one_line_per_utterance_with_dashes_for_unknown_values():
    outcomes = [
        ("a", Outcome("a", "estimate", False, None, "x.wav: audio file is missing")),
        ("b", Outcome("b", "estimate", True, MEASURES)),
    ]
    lines = table_lines(["a", "b", "c"], outcomes, [("b", 63.04)], None)
    head, *rows = (line.split("\t") for line in lines)
    assert head[0] == "id" and head[-1] == "problem" and len(head) == 10
    assert rows == [
        ["a", "estimate", "-", "-", "-", "-", "-", "-", "-", "x.wav: audio file is missing"],
        ["b", "estimate", "-40.25", "-", "3", "1", "0.987", "-", "63.0", "-"],
        ["c", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    ]


def test_the_method_of_other_references_is_named():
    outcomes = [("a", Outcome("a", "estimate", True, MEASURES))]
    _, line = table_lines(["a"], outcomes, [], "isolated_ext")
    assert line.startswith("a\tisolated_ext\t-40.25\t")
