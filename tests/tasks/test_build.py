"""Building models from arguments, and rejecting arguments that do not fit."""

from __future__ import annotations

from argparse import Namespace

import pytest
import torch

from espnet_kd.errors import UserError
from espnet_kd.tasks.build import build_enhancer, default_arguments, start_from_fourier
from espnet_kd.tasks.enh_kd import EnhKDTask

from ..tiny_models import STUDENT, TEACHER

FILTERS = {"channel": 40, "kernel_size": 20, "stride": 10}


def build(**changes):
    return build_enhancer(Namespace(**{**default_arguments(), **STUDENT, **changes}))


def test_defaults_are_those_of_the_task():
    assert default_arguments() == vars(EnhKDTask.get_parser().parse_args([]))


def test_start_from_fourier_reconstructs_the_input():
    model = build(filterbank_init="fourier", encoder_conf=FILTERS, decoder_conf=FILTERS)
    wave, lengths = torch.randn(1, 800), torch.tensor([800])
    code, _ = model.encoder(wave, lengths)
    again, _ = model.decoder(code, lengths)
    torch.testing.assert_close(again[:, 10:-10], wave[:, 10:-10], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["channel", "stride"])
def test_start_from_fourier_rejects(name):
    filters = {**FILTERS, name: 2 * FILTERS[name]}
    model = build(filterbank_init="random", encoder_conf=filters, decoder_conf=filters)
    with pytest.raises(UserError, match="--filterbank_init fourier: kernel_size 20"):
        start_from_fourier(model)


STFT = {"encoder": "causal_stft", "encoder_conf": {}, "filterbank_init": "random"}


def test_start_from_fourier_without_filters():
    model = build(**STFT, decoder="causal_stft", decoder_conf={})
    with pytest.raises(UserError, match="^--filterbank_init fourier: .* has no filters; write"):
        start_from_fourier(model)


@pytest.mark.brings(
    "training", "an encoder `causal_stft` with another decoder", "one line says what both must be"
)
@pytest.mark.parametrize(
    "decoder",
    [
        {"decoder": "stft", "decoder_conf": {"n_fft": 512}},
        {"decoder": "causal_stft", "decoder_conf": {"n_fft": 256}},
    ],
)
def test_causal_stft_without_its_inverse(decoder):
    with pytest.raises(UserError, match="^encoder and decoder: are CausalSTFTEncoder and .*both$"):
        build(**STFT, **decoder)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {
                **TEACHER,
                "separator_conf": {**TEACHER["separator_conf"], "guided_attention": True},
            },
            "model_conf, auxiliary_weights: has no weight for 'guided_attention'",
        ),
        (
            {"separator_conf": {**STUDENT["separator_conf"], "num_spk": 2}},
            "separator_conf, num_spk: 2 speakers; write num_spk: 1",
        ),
    ],
)
def test_separator_that_would_be_trained_in_part(changes, problem):
    with pytest.raises(UserError, match=f"^{problem}"):
        build(**changes)
