"""References found by the corpus reader are compared with the speech that the generator mixed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set, training_set
from espnet_kd.corpora.mini_chime4 import simu_train
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.corpora.mini_chime4.plan import make_plan
from espnet_kd.corpora.mini_chime4.scales import SCALES
from espnet_kd.corpora.references.simulated import ReferenceOptions, find_references


def read(path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0].astype(int)


def test_training_references_are_within_2_lsb_on_every_channel(nano, tmp_path, monkeypatch):
    spoken, mix = [], simu_train.mix

    def remember(*arguments):
        mixture, clean = mix(*arguments)
        spoken.append(clean)
        return mixture, clean

    monkeypatch.setattr(simu_train, "mix", remember)
    copy = tmp_path / "CHiME4"
    shutil.copytree(nano.data, copy / "data")
    tree = Chime4Tree(copy)
    recorded = json.loads((copy / "data/annotations/tr05_real.json").read_text())
    plan, scale = make_plan(SCALES["nano"], nano.request.seed), SCALES["nano"]
    for utterance in plan.simu:
        near = [r for r in recorded if r["environment"] == utterance.environment]
        seconds, seed = scale.background_seconds, nano.request.seed
        simu_train.simulate(utterance, plan, near, seconds, seed, tree.audio)
    names = [utterance.name for utterance in plan.simu]

    utterances = list(training_set(tree, "simu", range(1, 7)))
    references = find_references(
        ReferenceOptions(tmp_path / "out"), tree, "tr05", utterances, tmp_path / "table"
    )
    assert references.left_out == {} and len(references.paths) == 6 * len(names)
    paths = dict(references.paths)
    for utterance in utterances:
        clean = spoken[names.index(utterance.name)][utterance.channel - 1]
        assert np.abs(read(paths[utterance.id]) - clean).max() <= 2


@pytest.mark.parametrize("part", ["dt05", "et05"])
def test_development_and_test_references_reach_50_db(nano, tmp_path, part):
    tree = Chime4Tree(nano.request.out)
    utterances = list(track_set(tree, part, "simu"))
    references = find_references(
        ReferenceOptions(tmp_path / "out"), tree, part, utterances, tmp_path / "table"
    )
    paths = dict(references.paths)
    assert len(paths) == 4
    for utterance in utterances:
        folder = nano.ext / folder_of(f"{part}_simu", utterance.environment)
        clean = read(folder / f"{utterance.name}.CH{utterance.channel}.Clean.wav")
        error = read(paths[utterance.id]) - clean
        assert np.abs(error).max() <= 2
        assert 10 * np.log10(np.sum(clean**2) / np.sum(error**2)) > 50
