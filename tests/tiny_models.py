"""Write tiny untrained models as ESPnet leaves trained ones: `config.yaml` and a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from espnet_kd import host

TOKENS = ["<blank>", "<unk>", "<NOISE>", *"STOCKRE", "<space>", "<sos/eos>"]

STUDENT = {
    "encoder": "conv",
    "encoder_conf": {"channel": 40, "kernel_size": 20, "stride": 10},
    "decoder": "conv",
    "decoder_conf": {"channel": 40, "kernel_size": 20, "stride": 10},
    "filterbank_init": "fourier",  # relates the output to the mixture without training
    "separator": "tcn",
    "separator_conf": {
        "num_spk": 1,
        "layer": 2,
        "stack": 1,
        "bottleneck_dim": 8,
        "hidden_dim": 16,
    },
    "preprocessor": "enh_kd",
    "sample_rate": 16000,
}

TEACHER = {
    **STUDENT,
    "separator": "text_informed_tcn",
    "separator_conf": {
        **STUDENT["separator_conf"],
        "prior_width": 100.0,
        "text_conf": {"dim": 16, "num_blocks": 1, "num_heads": 2, "ffn_dim": 16},
        "fusion_conf": {"num_blocks": 1, "num_heads": 2, "query_stride": 8},
    },
    "token_list": TOKENS,
}


def write_enhancement_model(directory: Path, changes: dict[str, Any]) -> tuple[Path, Path]:
    """Write a model as EnhKDTask does after training; return configuration and checkpoint."""
    host.prepare()
    from espnet_kd.tasks.enh_kd import EnhKDTask

    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update(changes)
    torch.manual_seed(0)
    return _write(directory, vars(args), EnhKDTask.build_model(args))


def write_recognizer(directory: Path, **changes: Any) -> tuple[Path, Path]:
    """Write a stock recognizer with CTC over characters; `changes` replace its arguments."""
    host.prepare()
    from espnet2.tasks.asr import ASRTask

    args = ASRTask.get_parser().parse_args([])
    layers = {"output_size": 16, "attention_heads": 2, "linear_units": 16, "num_blocks": 1}
    vars(args).update(
        token_type="char",
        token_list=TOKENS,
        encoder="transformer",
        encoder_conf=layers,
        decoder="transformer",
        decoder_conf={"attention_heads": 2, "linear_units": 16, "num_blocks": 1},
        model_conf={"ctc_weight": 0.3},
        frontend_conf={"fs": 16000, "n_fft": 512, "hop_length": 160},
        normalize="utterance_mvn",
        normalize_conf={},
    )
    vars(args).update(changes)
    torch.manual_seed(0)
    return _write(directory, vars(args), ASRTask.build_model(args))


def _write(directory: Path, values: dict[str, Any], model: torch.nn.Module) -> tuple[Path, Path]:
    directory.mkdir(parents=True, exist_ok=True)
    config, checkpoint = directory / "config.yaml", directory / "valid.loss.ave.pth"
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    torch.save(model.state_dict(), checkpoint)
    return config, checkpoint
