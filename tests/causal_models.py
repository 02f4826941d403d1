"""Small causal models with weights and statistics as after training."""

from __future__ import annotations

from argparse import Namespace

import torch

from espnet_kd import host

host.prepare()

from espnet_kd.enh.kd_model import ESPnetKDModel  # noqa: E402
from espnet_kd.tasks.build import build_enhancer, default_arguments  # noqa: E402

TCN = {"num_spk": 1, "layer": 3, "stack": 2, "bottleneck_dim": 6, "hidden_dim": 8}
CAUSAL_TCN = {**TCN, "causal": True, "norm_type": "cLN"}
GTCRN = {"channels": 4, "low_bins": 9, "bands": 8, "dilations": [1, 2], "dual_paths": 1}


def front(name: str, **conf: int) -> dict:
    return {"encoder": name, "encoder_conf": conf, "decoder": name, "decoder_conf": conf}


MODELS = {
    "gtcrn": {**front("causal_stft", n_fft=64), "separator": "gtcrn", "separator_conf": GTCRN},
    "tcn": {
        **front("conv", channel=12, kernel_size=16, stride=8),
        "separator": "tcn",
        "separator_conf": CAUSAL_TCN,
    },
    "tcn, three frames at once": {
        **front("conv", channel=12, kernel_size=15, stride=5),
        "separator": "tcn",
        "separator_conf": {**CAUSAL_TCN, "norm_type": "BN", "kernel": 2, "predict_noise": True},
    },
    "tcn, frames side by side": {
        **front("conv", channel=12, kernel_size=10, stride=10),
        "separator": "tcn",
        "separator_conf": {**CAUSAL_TCN, "pre_mask_nonlinear": "linear", "masking": False},
    },
    "tcn on a spectrum": {
        **front("causal_stft", n_fft=32),
        "separator": "tcn",
        "separator_conf": {**CAUSAL_TCN, "nonlinear": "sigmoid"},
    },
}

# Each kind of graph; the first two have long hops, so that a minute is not long.
EXPORTED = {
    "gtcrn": {**MODELS["gtcrn"], **front("causal_stft", n_fft=256)},
    "tcn": {**MODELS["tcn"], **front("conv", channel=12, kernel_size=128, stride=64)},
    "tcn, three frames at once": MODELS["tcn, three frames at once"],
    "tcn, frames side by side": MODELS["tcn, frames side by side"],
    "tcn on a spectrum": MODELS["tcn on a spectrum"],
}


def build_model(settings: str | dict, **changes: object) -> ESPnetKDModel:
    """Build a model of MODELS, or another one."""
    torch.manual_seed(0)
    settings = MODELS[settings] if isinstance(settings, str) else settings
    args = Namespace(**{**default_arguments(), **settings, **changes})
    model = build_enhancer(args).eval()
    for layer in model.modules():
        if isinstance(layer, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    return model
