from __future__ import annotations

import pytest

from espnet_kd.bin.check_corpus import main
from espnet_kd.corpora.chime4.expected import CHIME4
from espnet_kd.corpora.mini_chime4.counts import planned_counts
from espnet_kd.corpora.mini_chime4.plan import make_plan
from espnet_kd.corpora.mini_chime4.scales import SCALES


def test_a_finished_corpus_holds_what_was_planned(nano, capsys):
    main([str(nano.request.out)])
    printed = capsys.readouterr().out
    assert printed.endswith("everything matches\n")
    assert f"compared with {nano.request.out}/counts.json" in printed
    assert printed.count("reference words") == 4 and "different normalization" not in printed


def test_a_missing_recording_is_found(nano):
    path = nano.audio / "isolated/tr05_bth/F02_022C0101_BTH.CH2.wav"
    away = path.with_suffix(".away")
    path.rename(away)
    try:
        with pytest.raises(SystemExit, match=f"tr05_bth BTH CH2: 1 of 2 .* first missing {path}"):
            main([str(nano.request.out)])
    finally:
        away.rename(path)


def test_nano_counts_by_hand():
    counts = planned_counts(make_plan(SCALES["nano"], seed=3))
    assert counts.utterances["tr05_real"] == {"BUS": 2, "CAF": 2, "PED": 2, "STR": 2}
    assert counts.utterances["dt05_simu"] == {"BUS": 1, "CAF": 1, "PED": 1, "STR": 1}
    assert sum(counts.utterances["tr05_simu"].values()) == 6
    assert counts.utterances["tr05_org"] == {"ORG": 6}
    # tr05: two of four speakers have a sentence; dt05, et05: one. Booth and four environments.
    assert (counts.backgrounds, counts.embedded) == (24, 7 * 5 * (2 + 1 + 1))
    assert counts.words["dt05_real"] == counts.words["dt05_simu"] > 4


def test_the_large_scale_has_chime4_s_counts():
    counts = planned_counts(make_plan(SCALES["large"], seed=0))
    for name in ("tr05_real", "dt05_simu", "et05_real", "tr05_org", "dt05_bth", "tr05_simu"):
        published = CHIME4.utterances[name]
        assert sum(counts.utterances[name].values()) == sum(published.values())
    assert counts.backgrounds == CHIME4.backgrounds
