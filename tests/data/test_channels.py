"""Lists of the channels of a session."""

from __future__ import annotations

from espnet_kd.data.channels import FILE, write_channels


def test_own_first_then_all_usable(tmp_path):
    write_channels(
        tmp_path,
        [
            ({"a.CH1": "a1.wav", "a.CH2": "a2.wav"}, ["a1.wav"]),
            ({"b.CH1": "b1.wav", "b.CH2": "b2.wav"}, ["b1.wav", "b2.wav", "b3.wav"]),
        ],
    )
    assert (tmp_path / FILE).read_text().splitlines() == [
        "a.CH1 a1.wav",
        "a.CH2 a2.wav",
        "b.CH1 b1.wav\tb2.wav\tb3.wav",
        "b.CH2 b2.wav\tb1.wav\tb3.wav",
    ]
