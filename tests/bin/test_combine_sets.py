"""The command combine_sets."""

from __future__ import annotations

import pytest

from espnet_kd.bin.combine_sets import main
from espnet_kd.data.kaldi_dir import read_set, write_set


@pytest.fixture
def sets(tmp_path):
    """Write a simu set with references and a real set without, six utterances each."""
    paths = {}
    for kind in ("simu", "real"):
        ids = [f"F0{n}_a_{kind.upper()}" for n in range(6)]
        tables = {
            "wav.scp": {utterance: f"/noisy/{utterance}.wav" for utterance in ids},
            "text": dict.fromkeys(ids, "WORDS"),
            "utt2spk": {utterance: utterance[:3] for utterance in ids},
            "utt2category": dict.fromkeys(ids, kind.upper()),
            "utt2num_samples": dict.fromkeys(ids, "16000"),
        }
        if kind == "simu":
            tables["spk1.scp"] = {utterance: f"/clean/{utterance}.wav" for utterance in ids}
        paths[kind] = tmp_path / kind
        write_set(paths[kind], tables)
    return paths


def test_joining_for_recognition(sets, tmp_path, capsys):
    main(["--out", str(tmp_path / "all"), "--drop_files", "spk1.scp", *map(str, sets.values())])
    assert len(read_set(tmp_path / "all")["text"]) == 12
    assert capsys.readouterr().out == f"{tmp_path}/all: 12 utterances of 2 sets\n"


def test_real_utterances_without_references_stop(sets, tmp_path):
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "all"), *map(str, sets.values())])
    assert caught.value.code.startswith(
        f"error: {sets['real']}/spk1.scp: is missing, but another set has it: REAL utterance "
        "'F00_a_REAL' has no reference; "
    )
    assert not (tmp_path / "all").exists()


def test_every_fourth_utterance(sets, tmp_path):
    main(["--out", str(tmp_path / "part"), "--every", "4", str(sets["simu"])])
    assert list(read_set(tmp_path / "part")["spk1.scp"]) == ["F00_a_SIMU", "F04_a_SIMU"]
