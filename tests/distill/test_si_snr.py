"""SI-SNR of padded batches: against fast_bss_eval, padding, invariances, gradient."""

import fast_bss_eval
import pytest
import torch

from espnet_kd.distill.si_snr import si_snr


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    reference = torch.randn(3, 400, generator=generator) + 0.5
    noise = torch.randn(3, 400, generator=generator)
    estimate = 0.3 * reference + torch.tensor([[0.01], [0.3], [3.0]]) * noise - 0.2
    return reference, estimate, torch.tensor([400, 250, 31])


def test_against_fast_bss_eval(batch):
    reference, estimate, lengths = batch
    expected = [
        fast_bss_eval.si_sdr(
            reference[i : i + 1, :n].double(), estimate[i : i + 1, :n].double(), zero_mean=True
        )
        for i, n in enumerate(lengths.tolist())
    ]
    found = si_snr(reference, estimate, lengths)
    torch.testing.assert_close(found, torch.cat(expected).float(), atol=1e-3, rtol=1e-4)
    assert (found[:-1] - found[1:] > 5).all()


def test_padding_does_not_count(batch):
    reference, estimate, lengths = batch
    expected = si_snr(reference, estimate, lengths)
    padding = torch.arange(400) >= lengths[:, None]
    spoilt = (torch.where(padding, 1e4, signal) for signal in (reference, estimate))
    torch.testing.assert_close(si_snr(*spoilt, lengths), expected)


def test_scale_sign_and_offset_do_not_matter(batch):
    reference, estimate, lengths = batch
    expected = si_snr(reference, estimate, lengths)
    changed = si_snr(3 * reference + 1, -7 * estimate + 2, lengths)
    torch.testing.assert_close(changed, expected, atol=1e-3, rtol=1e-4)


def test_maximum_and_silence(batch):
    reference, _, lengths = batch
    assert (si_snr(reference, reference, lengths) > 75).all()
    silence = torch.zeros_like(reference, requires_grad=True)
    ratio = si_snr(reference, silence, lengths)
    ratio.sum().backward()
    assert ratio.isfinite().all() and silence.grad.isfinite().all()


def test_gradient(batch):
    reference, estimate = (signal[:2, :12].double() for signal in batch[:2])
    lengths = torch.tensor([12, 7])
    assert torch.autograd.gradcheck(
        lambda signal: si_snr(reference, signal, lengths), (estimate.requires_grad_(),)
    )
