from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.errors import UserError
from espnet_kd.inference.audio import read_wave
from espnet_kd.inference.enhancer import Enhancer, match_scale
from espnet_kd.inference.utterances import read_utterances


class TextModel(torch.nn.Module):
    """Records what it is given."""

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Identity()

    def enhance(self, speech_mix, lengths, **conditions):
        self.conditions = conditions
        return speech_mix, {}


def test_length_and_scale_are_those_of_the_mixture(make_set, gain, enhancer):
    utterances = read_utterances(make_set(lengths={"F01_a": 3000, "F01_b": 3000}))
    mixture = np.stack([read_wave(utt.wave, 3000) for utt in utterances])
    np.testing.assert_allclose(enhancer(utterances), mixture, rtol=1e-6)
    unscaled = Enhancer(gain, keep_scale=True)(utterances)
    np.testing.assert_array_equal(unscaled, 0.5 * mixture)


def test_scale_gives_speech_its_own_level():
    """<x, e> / <e, e> by hand: 30 / 25, 0.9 / 9."""
    estimate = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 3.0]])
    mixture = torch.tensor([[2.0, 6.0, -7.0], [5.0, 5.0, 0.3]])
    expected = torch.tensor([[3.6, 4.8, 0.0], [0.0, 0.0, 0.3]])
    torch.testing.assert_close(match_scale(estimate, mixture), expected)


@pytest.mark.parametrize("scale", [1e-4, -1.0, -9.0, 1e4])
def test_any_scale_and_sign_of_the_estimate_give_the_same(scale):
    speech, noise = torch.randn(2, 3, 16000, generator=torch.Generator().manual_seed(0))
    result = match_scale(scale * speech, speech + noise)
    torch.testing.assert_close(result, match_scale(speech, speech + noise))
    # Their chance correlation is the error of the level: 1 / sqrt(16000) = 0.8 %.
    torch.testing.assert_close(result, speech, rtol=0.03, atol=1e-6)


def test_zeros_stay_zeros_beside_speech():
    estimate = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    result = match_scale(estimate, torch.tensor([[1.0, 2.0], [2.0, 2.0]]))
    assert result.tolist() == [[0.0, 0.0], [2.0, 0.0]]


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


def test_alignment_of_another_text_is_refused(make_set):
    directory = make_set(lengths={"F01_a": 30}, text={"F01_a": "ABA"}, align={"F01_a": "5 9"})
    utterances = read_utterances(directory, "text", "align")
    with pytest.raises(UserError, match="F01_a: has 3 characters but 2 alignment points"):
        Enhancer(TextModel(), lambda text: [1] * len(text))(utterances)


def test_utterance_shorter_than_the_encoder_is_refused(make_set, gain, enhancer):
    gain.encoder.kernel_size = 20
    with pytest.raises(UserError, match="has 19 samples, the model needs 20"):
        enhancer(read_utterances(make_set(lengths={"F01_a": 19})))
