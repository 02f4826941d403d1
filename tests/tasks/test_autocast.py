"""Mixed precision: the models compute in half precision, the losses in single precision."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.distill.settings import LOSSES
from espnet_kd.tasks.enh_kd import EnhKDTask

from ..kd_files import resource_options, teacher_options
from ..tiny_models import STUDENT

SAMPLES = 6400
HIDDEN = {"taps": ["separator.tcn.network.1"]}
OPTIONS = {
    "at_kl": HIDDEN,
    "clskd": HIDDEN,
    "cosine": HIDDEN,
    "gram": HIDDEN,
    "latent_mixup": {**HIDDEN, "conf": {"cross_weight": 1.0}},
    "remixit": {"taps": [{"path": "encoder", "side": "input", "layout": "bt"}]},
}
WIDE = {**STUDENT, "separator_conf": {**STUDENT["separator_conf"], "bottleneck_dim": 12}}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A student with a loss of each kind."""
    directory = tmp_path_factory.mktemp("kd")
    args = EnhKDTask.get_parser().parse_args([])
    losses = {kind: {"type": kind, **OPTIONS.get(kind, {})} for kind in LOSSES}
    files = {**teacher_options(directory / "teacher", WIDE), **resource_options(directory / "asr")}
    vars(args).update({**STUDENT, **files, "kd_losses": losses})
    torch.manual_seed(1)
    return EnhKDTask.build_model(args).eval()  # in evaluation mode, latents are mixed half and half


def batch() -> dict[str, torch.Tensor]:
    """Return tones, each in two noises."""
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(SAMPLES) / 16000
    speech = 0.1 * torch.sin(2 * torch.pi * torch.tensor([[300.0], [800.0]]) * time)
    noise = 0.05 * torch.randn(2, 2, SAMPLES, generator=generator)
    return {
        "speech_mix": speech + noise[0],
        "speech_mix2": speech + noise[1],
        "speech_ref1": speech,
        "utt2category": torch.full((2, 1), CATEGORIES.index("SIMU")),
    }


@pytest.fixture(scope="module")
def both(model):
    """Statistics in single precision and under autocast; gradients under autocast."""
    _, plain, _ = model(**batch())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, mixed, _ = model(**batch())
    model.zero_grad()
    loss.backward()
    gradients = {name: value.grad for name, value in model.named_parameters()}
    return plain, mixed, gradients


@pytest.mark.parametrize("kind", [*LOSSES, "si_snr_loss", "loss"])
def test_losses_stay_in_single_precision(both, kind):
    plain, mixed, _ = both
    assert mixed[kind].dtype == torch.float32
    assert mixed[kind].isfinite() and not torch.equal(mixed[kind], plain[kind])
    torch.testing.assert_close(mixed[kind], plain[kind], rtol=0.05, atol=0.05)


def test_gradients_are_in_single_precision_and_finite(both):
    gradients = [value for value in both[2].values() if value is not None]
    assert gradients
    assert all(value.dtype == torch.float32 and value.isfinite().all() for value in gradients)
    assert sum(value.abs().sum() for value in gradients) > 0


def test_losses_are_computed_outside_of_autocast(model):
    """Under autocast, a Gram matrix would have 8 significant bits, which its norms would hide."""
    parts = (model.separator, model.loss_wrappers[0].criterion, model.distiller)
    seen: list[tuple[torch.nn.Module, bool]] = []
    hooks = [
        part.register_forward_pre_hook(
            lambda module, _: seen.append((module, torch.is_autocast_enabled("cpu")))
        )
        for part in parts
    ]
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        model(**batch())
    for hook in hooks:
        hook.remove()
    separator, criterion, distiller = (
        [enabled for module, enabled in seen if module is part] for part in parts
    )
    assert criterion == distiller == [False]
    # The later calls decode mixed latents, and mixtures that are made anew, for losses.
    assert separator == [True, False, False]
