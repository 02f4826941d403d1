"""Enhancing batches of utterances."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.data.waves import read_wave
from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.observation import ObservationWeight
from espnet_kd.inference.utterances import read_utterances

from .conftest import Gain


class TextModel(torch.nn.Module):
    """Records the conditions that it receives."""

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Identity()

    def enhance(self, speech_mix, lengths, **conditions):
        self.conditions = conditions
        return speech_mix, {}


def test_length_and_scale_are_those_of_the_mixture(make_set, gain, enhancer):
    utterances = read_utterances(make_set(lengths={"F01_a": 3000, "F01_b": 3000}))
    mixture = np.stack([read_wave(utt.wave, 3000) for utt in utterances])
    np.testing.assert_allclose(enhancer(utterances), mixture, rtol=1e-5)
    unscaled = Enhancer(gain, keep_scale=True)(utterances)
    np.testing.assert_array_equal(unscaled, 0.5 * mixture)


def test_part_of_the_mixture_is_added(make_set):
    utterances = read_utterances(make_set(lengths={"F01_a": 3000}))
    mixture = read_wave(utterances[0].wave, 3000)
    negative = Gain(-0.5, 3000, lambda wave: wave * (torch.arange(3000) % 2))
    alone = Enhancer(negative)(utterances)[0]
    (mixed,) = Enhancer(negative, observation_weight=ObservationWeight(0.7))(utterances)
    np.testing.assert_allclose(mixed, 0.7 * alone + 0.3 * mixture, atol=1e-6)
    with pytest.raises(ValueError, match="scale of the mixture"):
        Enhancer(negative, keep_scale=True, observation_weight=ObservationWeight(0.7))


def test_unequal_lengths_are_padded_with_zeros_and_cut_again(make_set):
    utterances = read_utterances(make_set(lengths={"F01_a": 3000, "F01_b": 2000}))
    mixture = [read_wave(utt.wave, utt.num_samples) for utt in utterances]
    seen = []
    model = Gain(1.0, 3000, lambda wave: seen.append(wave) or wave, padding_invariant=True)
    enhanced = Enhancer(model)(utterances)
    assert [len(wave) for wave in enhanced] == [3000, 2000]
    for wave, expected in zip(enhanced, mixture, strict=True):
        np.testing.assert_allclose(wave, expected, rtol=1e-5)
    np.testing.assert_array_equal(seen[0][1], np.pad(mixture[1], (0, 1000)))
    given = Enhancer(model).read(utterances, 3072)
    assert given["mixture"].shape == (2, 3072) and not given["mixture"][0, 3000:].any()
    assert given["lengths"].tolist() == [3000, 2000]


def test_text_and_alignment_reach_the_model_padded(make_set):
    directory = make_set(
        lengths={"F01_a": 30, "F01_b": 30},
        text={"F01_a": "AB", "F01_b": "BBA"},
        align={"F01_a": "5 9", "F01_b": "1 2 3"},
    )
    model = TextModel()
    Enhancer(model, lambda text: ["-AB".index(character) for character in text])(
        read_utterances(directory, "text", "align")
    )
    given = {name: value.tolist() for name, value in model.conditions.items()}
    assert given == {
        "text": [[1, 2, 0], [2, 2, 1]],
        "text_lengths": [2, 3],
        "align": [[5, 9, 0], [1, 2, 3]],
    }


def test_alignment_of_another_text_is_rejected(make_set):
    directory = make_set(lengths={"F01_a": 30}, text={"F01_a": "ABA"}, align={"F01_a": "5 9"})
    utterances = read_utterances(directory, "text", "align")
    with pytest.raises(UserError, match="F01_a: has 3 characters but 2 alignment points"):
        Enhancer(TextModel(), lambda text: [1] * len(text))(utterances)


def test_utterance_shorter_than_the_encoder_window_is_rejected(make_set, gain, enhancer):
    gain.encoder.kernel_size = 20
    with pytest.raises(UserError, match="has 19 samples, but the model needs 20"):
        enhancer(read_utterances(make_set(lengths={"F01_a": 19})))


def test_a_batch_that_does_not_fit_into_memory(make_set):
    def fill(wave):
        raise torch.OutOfMemoryError("CUDA out of memory\nTried to")

    utterances = read_utterances(make_set(lengths={"F01_a": 32000, "F01_b": 32000}))
    with pytest.raises(UserError, match="^--batch_seconds: a batch of 4 s does not fit .*; give"):
        Enhancer(Gain(bad_length=32000, spoil=fill))(utterances)
