from __future__ import annotations

from espnet_kd.data.dump import with_speeds, within
from espnet_kd.data.speed import perturbed_length


def test_limits_are_in_samples_and_exclusive(tables):
    assert list(within(tables, 1600, 3200)["text"]) == ["M02_c_SIMU"]
    assert list(within(tables, 1599, 3201)["spk1.scp"]) == list(tables["text"])


def test_three_speeds_of_each_utterance_without_new_audio(tables):
    perturbed = with_speeds(tables, [0.9, 1.0, 1.1])
    assert list(perturbed["wav.scp"]) == sorted(
        prefix + utterance for prefix in ("", "sp0.9-", "sp1.1-") for utterance in tables["text"]
    )
    for name in ("wav.scp", "spk1.scp", "text", "utt2category"):
        assert perturbed[name]["sp0.9-F01_b_SIMU"] == tables[name]["F01_b_SIMU"]
    assert perturbed["utt2spk"]["sp1.1-F01_b_SIMU"] == "sp1.1-F01"
    assert perturbed["utt2speed"]["sp0.9-F01_b_SIMU"] == "0.9"
    assert perturbed["utt2speed"]["F01_b_SIMU"] == "1.0"
    assert perturbed["utt2num_samples"]["F01_b_SIMU"] == "3200"
    assert perturbed["utt2num_samples"]["sp0.9-F01_b_SIMU"] == str(perturbed_length(3200, 0.9))
