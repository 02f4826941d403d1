from __future__ import annotations

import numpy as np
from matplotlib.image import imread

from espnet_kd.report.figures import save_sdr_figure, sdr_bins


def test_bins_of_the_paper_and_one_more_at_each_end():
    values = [-40, -3, 2.9, 3, 6, 9, 12, 15, 17.9, 18, 21.9, 22, 60]
    assert list(sdr_bins(values)) == [1, 2, 1, 1, 1, 1, 2, 2, 2]


def test_every_utterance_is_in_a_bin():
    values = np.random.default_rng(0).normal(8, 15, 500)
    assert sdr_bins(values).sum() == 500


def test_picture_shows_each_system_in_its_color(tmp_path):
    systems = {name: [5.0, 10.0, 10.0] for name in ("noisy", "baseline", "teacher", "student")}
    save_sdr_figure(tmp_path / "one.png", {"dt05 simu": systems})
    save_sdr_figure(tmp_path / "two.png", {"dt05 simu": systems, "et05 simu": systems})
    picture = (imread(tmp_path / "one.png")[..., :3] * 255).round().astype(int)
    for color in ((0x99,) * 3, (0xE6, 0x9F, 0), (0, 0x72, 0xB2), (0, 0x9E, 0x73)):
        assert (picture == color).all(axis=2).sum() > 1000
    assert imread(tmp_path / "two.png").shape[1] > picture.shape[1]
