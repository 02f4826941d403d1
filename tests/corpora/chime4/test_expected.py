from __future__ import annotations

import pytest

from espnet_kd.corpora.chime4.expected import (
    ALL,
    CHIME4,
    COUNTS_FILE,
    read_expected,
    write_expected,
)
from espnet_kd.errors import UserError


def test_published_counts_add_up():
    sums = {name: sum(counts.values()) for name, counts in CHIME4.utterances.items()}
    assert sums == {
        "tr05_simu": 7138, "tr05_real": 1600, "tr05_org": 7138, "tr05_bth": 399,
        "dt05_simu": 1640, "dt05_real": 1640, "dt05_bth": 410,
        "et05_simu": 1320, "et05_real": 1320, "et05_bth": 330,
    }  # fmt: skip
    assert 6 * sums["tr05_simu"] == 42828 and 6 * sums["tr05_real"] == 9600
    assert 6 * (sums["tr05_simu"] + sums["dt05_simu"] + sums["et05_simu"]) == 60588
    assert CHIME4.backgrounds == 6 * 17
    assert CHIME4.utterances["tr05_real"] == {ALL: 1600}


def test_a_corpus_without_its_own_counts_is_chime4(tmp_path):
    assert read_expected(tmp_path) == (CHIME4, "the published counts of CHiME-4")
    other = CHIME4.__class__({"tr05_simu": {"BUS": 3}}, 4, 7, {"dt05_real": 12})
    write_expected(tmp_path, other)
    assert read_expected(tmp_path) == (other, str(tmp_path / COUNTS_FILE))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"utterances": {}}',
        '{"utterances": [], "backgrounds": 1, "embedded": 1, "words": {}}',
        '{"utterances": {"a": {"BUS": "3"}}, "backgrounds": 1, "embedded": 1, "words": {}}',
    ],
)
def test_malformed_counts(tmp_path, content):
    (tmp_path / COUNTS_FILE).write_text(content)
    with pytest.raises(UserError, match="counts.json: does not contain the counts of a corpus"):
        read_expected(tmp_path)
