"""What is written and counted is what NIST sclite reads and prints."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from espnet_kd.scoring.wer import read_counts, score_set

STORED = Path(__file__).parent / "data" / "sclite_odd.json"  # of SCTK 2.4.10; see `run_sclite`
SCLITE = ["sctk", "sclite"] if shutil.which("sctk") else ["sclite"]

# Speaker, reference, recognized text. Each speaker tests one kind of text or number.
CASES = [
    ("alternatives", "A B C D", "A { B / X } C D"),
    ("alternatives", "A B", "A {B/C}"),
    ("alternatives", "A B", "{ A"),
    ("null", "A B C", "A @ B C"),
    ("null", "A@B C", "A@B @ @"),
    ("comment", "A B", ";; A B"),
    ("comment", "A B", "** A B"),
    ("tag", "A;B C; ;", "A;X C ;"),
    ("tag", "A\\\\B \\\\ A\\\\", "AB A ;"),
    ("star", "A* ** *B* *IN*", "A * *B* *in*"),
    ("case", "STRASSE Straße Ärger", "strasse STRAßE ärger"),
    ("case", "i İ ı", "I i̇ I"),
    ("NAME-1", "A", "B"),
    ("name-1", "A", "A"),
    ("name-2", "(A) <B> %C [D] A-", "(A <B> %D [D] A"),
    ("none", "<NOISE>", "A B"),
    ("half", "A " * 16, "A " * 11 + "B " * 5),
    ("not_half", "A " * 80, "A " * 39 + "B " * 41),
    ("long", "A" * 300 + " B", "A" * 300 + " C"),
]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    ids = [f"{speaker}_{number:02d}" for number, (speaker, _, _) in enumerate(CASES)]
    cases = sorted(zip(ids, CASES, strict=True))
    (root / "text").write_text("".join(f"{i} {c[1].strip()}\n" for i, c in cases))
    (root / "hyp").write_text("".join(f"{i} {c[2].strip()}\n" for i, c in cases))
    (root / "utt2spk").write_text("".join(f"{i} {c[0]}\n" for i, c in cases))
    score_set(root / "hyp", root, root / "out", {"<NOISE>"})
    return root / "out"


def run_sclite(directory):
    """Return sclite's counts by utterance and percentages by speaker, for stored outputs too."""
    options = "-r ref.trn trn -h hyp.trn trn -i rm -o all stdout"
    done = subprocess.run(
        [*SCLITE, *options.split()], cwd=directory, capture_output=True, check=True
    )
    text = done.stdout.decode()
    pattern = r"id: \(.*?-(.*)\)\nScores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)"
    counts = {name: [int(n) for n in numbers] for name, *numbers in re.findall(pattern, text)}
    return {"counts": counts, "percentages": percentages(text)}


def percentages(text):
    """Return the rows of the table of percentages, with speakers in sclite's spelling."""
    text = text[: text.index("\n", text.index("Sum/Avg"))]
    rows = re.findall(r"^ *\| (\S+) *\| +(\d+ +\d+) \|(.*)\|$", text, re.M)
    return {
        name.lower().replace("-", "_"): [*sizes.split(), *numbers.split()]
        for name, sizes, numbers in rows
    }


@pytest.mark.brings("scoring", "sclite's notation in a recognized text", "each token counts as one")
@pytest.mark.brings("scoring", "words that differ only in a letter such as ä and Ä", "as sclite")
@pytest.mark.brings("scoring", "a percentage of 31.25", "31.3, as sclite prints it")
@pytest.mark.brings("scoring", "a speaker without words to score", "counts with a star, as sclite")
@pytest.mark.parametrize("unit", ["wer", "cer"])
def test_counts_and_percentages_are_those_of_sclite(scored, unit):
    stored = json.loads(STORED.read_text())[unit]
    if shutil.which(SCLITE[0]):
        assert run_sclite(scored / unit) == stored
    counts = read_counts(scored / unit / "counts.tsv")
    assert {name.lower(): list(row) for name, row in counts.items()} == stored["counts"]
    assert percentages((scored / unit / "result.txt").read_text()) == stored["percentages"]
