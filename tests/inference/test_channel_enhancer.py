"""Utterances with several channels, with models that do not need ESPnet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from espnet_kd.data.audio import write_samples
from espnet_kd.data.channels import FILE, write_channels
from espnet_kd.data.waves import read_wave
from espnet_kd.errors import UserError
from espnet_kd.inference.beamforming import beamform
from espnet_kd.inference.channel_enhancer import ChannelEnhancer
from espnet_kd.inference.channel_lists import with_channels
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.utterances import read_utterances

from .conftest import LENGTHS, Gain


class Smooth(Gain):
    """A model that averages neighboring samples, so that its estimate is not its input."""

    def enhance(self, speech_mix, lengths):
        signal, others = super().enhance(speech_mix, lengths)
        return (signal + signal.roll(1, dims=1)) / 2, others


@pytest.fixture
def utterances(make_set, tmp_path):
    """The utterances of a set; the first and third have two more channels."""
    found = read_utterances(make_set())
    rng = np.random.default_rng(1)
    for number in (0, 2):
        utt = found[number]
        own = read_wave(utt.wave, utt.num_samples) * 32768
        paths = [utt.wave]
        for channel in (2, 3):
            path = tmp_path / "audio" / f"{utt.name}.CH{channel}.wav"
            noisy = np.roll(own, channel) + 500 * rng.standard_normal(len(own))
            write_samples(path, noisy.astype(np.int16))
            paths.append(str(path))
        found[number] = replace(utt, channels=tuple(paths))
    return found


def outputs(enhancer, utterances):
    return dict(zip([utt.name for utt in utterances], enhancer(utterances), strict=True))


def test_channels_are_combined_and_others_stay(utterances):
    model = Smooth(padding_invariant=True)
    plain, combined = Enhancer(model), ChannelEnhancer(Enhancer(model))
    one, several = outputs(plain, utterances), outputs(combined, utterances)
    for utt in utterances:
        assert several[utt.name].shape == (utt.num_samples,)
        same = np.allclose(one[utt.name], several[utt.name], atol=1e-6)
        assert same == (not utt.channels)


def test_the_result_is_the_beamformer_of_the_estimates_at_the_level_of_the_mixture(utterances):
    model = Smooth()
    (utt,) = utterances[:1]
    (found,) = ChannelEnhancer(Enhancer(model))([utt])
    waves = [read_wave(path, utt.num_samples) for path in utt.channels]
    estimates = Enhancer(model)([replace(utt, wave=path, channels=()) for path in utt.channels])
    expected = beamform(*(torch.from_numpy(np.stack(x)) for x in (waves, estimates))).numpy()
    gain = (expected @ waves[0]) / (expected @ expected)
    np.testing.assert_allclose(found, gain * expected, atol=1e-5)


def test_the_model_can_enhance_the_result_again(utterances):
    model = Smooth(padding_invariant=True)
    once = outputs(ChannelEnhancer(Enhancer(model)), utterances)
    calls = len(model.calls)
    twice = outputs(ChannelEnhancer(Enhancer(model), again=True), utterances)
    assert len(model.calls) - calls == 2
    for utt in utterances:
        assert np.allclose(once[utt.name], twice[utt.name], atol=1e-6) == (not utt.channels)


def test_a_channel_of_another_length_is_named(utterances):
    utt = utterances[0]
    write_samples(utt.channels[2], np.ones(3999, dtype=np.int16))
    with pytest.raises(UserError, match=r"CH3.wav: has 3999 samples, but .* says 4000"):
        ChannelEnhancer(Enhancer(Gain()))([utt])


def test_a_channel_that_is_not_synchronous_is_named(utterances):
    utt = utterances[0]
    late = np.roll(read_wave(utt.wave, utt.num_samples), 900) * 32768
    write_samples(utt.channels[2], late.astype(np.int16))
    with pytest.raises(UserError, match=r"CH3.wav: is shifted by 900 samples against"):
        ChannelEnhancer(Enhancer(Gain()))([utt])


def test_lists_of_channels(utterances, tmp_path):
    sets = tmp_path / "tr05_real"
    plain = [replace(utt, channels=()) for utt in utterances]
    assert with_channels(plain, sets) == plain, "no channels.scp"
    own = {utt.name: utt.wave for utt in plain}
    sessions = [
        ({name: own[name]}, utt.channels or [own[name]])
        for name, utt in zip(LENGTHS, utterances, strict=True)
    ]
    write_channels(sets, sessions)
    assert with_channels(plain, sets) == utterances
    lines = (sets / FILE).read_text().replace(plain[1].wave, "other.wav")
    (sets / FILE).write_text(lines)
    with pytest.raises(UserError, match=f"'{plain[1].name}' begins with 'other.wav'"):
        with_channels(plain, sets)
