from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import jiwer
import pytest

from espnet_kd.scoring.align import Counts, count_errors, total

DATA = Path(__file__).parent / "data"


def read_trn(name: str) -> dict[str, list[str]]:
    lines = (DATA / f"sclite_{name}.trn").read_text().splitlines()
    pairs = (line.split("\t") for line in lines)
    return {label.strip("()").partition("-")[2]: tokens.lower().split() for tokens, label in pairs}


SCLITE = ["sctk", "sclite"] if shutil.which("sctk") else ["sclite"]


def live_counts(directory: Path) -> dict[str, list[int]]:
    for name in ("ref", "hyp"):
        shutil.copy(DATA / f"sclite_{name}.trn", directory)
    options = "-r sclite_ref.trn trn -h sclite_hyp.trn trn -i rm -o pralign stdout"
    done = subprocess.run(
        [*SCLITE, *options.split()], cwd=directory, capture_output=True, text=True, check=True
    )
    pattern = r"id: \(\w+-(\w+)\)\nScores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)"
    found = re.findall(pattern, done.stdout)
    return {name.upper(): [int(count) for count in counts] for name, *counts in found}


@pytest.fixture(scope="module")
def sclite_counts(tmp_path_factory) -> dict[str, list[int]]:
    """Return stored counts of NIST sclite (SCTK 2.4.10), checked against sclite if installed."""
    stored = json.loads((DATA / "sclite_counts.json").read_text())
    if shutil.which(SCLITE[0]):
        assert live_counts(tmp_path_factory.mktemp("sclite")) == stored
    return stored


def test_counts_match_sclite(sclite_counts):
    references, hypotheses = read_trn("ref"), read_trn("hyp")
    assert len(references) > 200
    for name, reference in references.items():
        assert list(count_errors(reference, hypotheses[name])) == sclite_counts[name], name


def test_plain_levenshtein_counts_differ_from_sclite(sclite_counts):
    references, hypotheses = read_trn("ref"), read_trn("hyp")
    others = 0
    for name, reference in references.items():
        if reference:
            plain = jiwer.process_words(" ".join(reference), " ".join(hypotheses[name]))
            counts = [plain.hits, plain.substitutions, plain.deletions, plain.insertions]
            others += counts != sclite_counts[name]
    assert others > 50


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("", "", Counts()),
        ("", "A B", Counts(inserted=2)),
        ("A B", "", Counts(deleted=2)),
        ("A B C", "A B C", Counts(correct=3)),
        ("A B C", "A X C D", Counts(correct=2, substituted=1, inserted=1)),
        # Two gaps (6) cost less than two substitutions (8).
        ("A B", "B C", Counts(correct=1, deleted=1, inserted=1)),
    ],
)
def test_small_alignments(reference, hypothesis, counts):
    assert count_errors(reference.split(), hypothesis.split()) == counts


def test_totals():
    counts = [Counts(1, 2, 3, 4), Counts(10, 20, 30, 40)]
    assert total(counts) == Counts(11, 22, 33, 44)
    assert (total(counts).tokens, total(counts).errors) == (66, 99)
    assert total([]) == Counts()
