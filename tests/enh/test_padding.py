"""Enhanced samples do not depend on padding or batch, as far as the layers of a model allow."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.tasks.enh_kd import EnhKDTask

from ..tiny_models import STUDENT, TEACHER

LENGTHS = (8000, 6123, 4001)
DCCRN = {
    **STUDENT,
    "encoder": "stft",
    "encoder_conf": {"n_fft": 64, "hop_length": 32},
    "decoder": "stft",
    "decoder_conf": {"n_fft": 64, "hop_length": 32},
    "filterbank_init": "random",
    "separator": "dccrn",
    "separator_conf": {"rnn_units": 8, "kernel_num": [8, 8, 8]},
}
UFORMER = {
    **STUDENT,
    "encoder": "stft",
    "encoder_conf": {"n_fft": 256, "hop_length": 128},
    "decoder": "stft",
    "decoder_conf": {"n_fft": 256, "hop_length": 128},
    "filterbank_init": "random",
    "separator": "uformer",
    "separator_conf": {
        "channels": [4, 4, 4, 4, 4, 4],
        "conformer_conf": {
            "ff_channels": 8,
            "attention_dim": 4,
            "conv_channels": 8,
            "num_convs": 2,
        },
    },
}

GTCRN = {
    **UFORMER,
    "encoder": "causal_stft",
    "encoder_conf": {"n_fft": 64},
    "decoder": "causal_stft",
    "decoder_conf": {"n_fft": 64},
    "separator": "gtcrn",
    "separator_conf": {"channels": 4, "low_bins": 9, "bands": 8, "dual_paths": 1},
}


def build(changes):
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update(changes)
    torch.manual_seed(0)
    return EnhKDTask.build_model(args).eval()


def differences(model) -> list[torch.Tensor]:
    """Return |together - alone| for each utterance, (L,), relative to the largest sample."""
    generator = torch.Generator().manual_seed(0)
    mixture = 0.1 * torch.randn(3, max(LENGTHS), generator=generator)
    lengths = torch.tensor(LENGTHS)
    conditions = {}
    if model.takes_text:
        conditions = {
            "text": torch.randint(3, 8, (3, 6), generator=generator),
            "text_lengths": torch.tensor([6, 4, 2]),
            "align": torch.arange(6).repeat(3, 1) * 40.0 + 10,
        }
    for i, size in enumerate(LENGTHS):
        mixture[i, size:] = 1.0 if model.padding_invariant else 0.0
    found = []
    with torch.no_grad():
        together, _ = model.enhance(mixture, lengths, **conditions)
        for i, size in enumerate(LENGTHS):
            own = {name: value[i : i + 1] for name, value in conditions.items()}
            if own:
                characters = int(own["text_lengths"])
                own = {
                    **own,
                    "text": own["text"][:, :characters],
                    "align": own["align"][:, :characters],
                }
            alone, _ = model.enhance(mixture[i : i + 1, :size], lengths[i : i + 1], **own)
            found.append((together[i, :size] - alone[0]).abs() / alone.abs().max())
    return found


@pytest.mark.parametrize("changes", [STUDENT, TEACHER, GTCRN], ids=["student", "teacher", "gtcrn"])
def test_conv_tasnet_teacher_and_gtcrn_are_independent_of_padding(changes):
    model = build(changes)
    assert model.padding_invariant
    assert max(difference.max() for difference in differences(model)) < 1e-5


def test_plain_teacher_is_independent_of_padding():
    """The paper's configuration has no prior and a query for each frame."""
    conf = {
        **TEACHER["separator_conf"],
        "prior_width": 0.0,
        "fusion_conf": {"num_blocks": 2, "num_heads": 2},
    }
    model = build({**TEACHER, "separator_conf": conf})
    assert model.padding_invariant
    assert max(difference.max() for difference in differences(model)) < 1e-5


@pytest.mark.parametrize("changes", [DCCRN, UFORMER], ids=["dccrn", "uformer"])
def test_spectral_models_report_that_they_depend_on_padding(changes):
    model = build(changes)
    assert not model.padding_invariant
    full, *padded = differences(model)
    assert full.max() < 1e-5
    assert min(difference.max() for difference in padded) > 1e-4


def test_dccrn_depends_on_padding_only_at_the_end():
    """Its layers use only past frames, but the last STFT frames extend beyond the end."""
    end = 1000
    for difference in differences(build(DCCRN))[1:]:
        assert difference[:-end].max() < 1e-5 < difference[-end:].max()
