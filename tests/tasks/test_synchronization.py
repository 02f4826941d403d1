"""A training step reads values from the device once: each read waits until all work is done."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from espnet_kd.data.audio import write_samples
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.distill.settings import LOSSES
from espnet_kd.enh import batch as batch_module
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.enh_kd import EnhKDTask

from ..kd_files import teacher_options
from ..tiny_models import STUDENT, TEACHER

SAMPLES = 6400
HIDDEN = {"taps": ["separator.tcn.network.1"]}
# ESPnet's recognizer reads the greatest length from the device.
OF_THE_RECOGNIZER = {"posterior", "acoustic_token", "ctc_hypothesis"}
OPTIONS = {"at_kl": HIDDEN, "cosine": HIDDEN, "gram": HIDDEN, "latent_mixup": HIDDEN}
OPTIONS["clskd"] = HIDDEN
OPTIONS["remixit"] = {"taps": [{"path": "encoder", "side": "input", "layout": "bt"}]}


def build(changes):
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update(changes)
    torch.manual_seed(0)
    return EnhKDTask.build_model(args).train()


def batch(lengths, **more):
    speech = 0.1 * torch.randn(2, SAMPLES, generator=torch.Generator().manual_seed(0))
    return {
        "speech_mix": speech + 0.01,
        "speech_mix_lengths": torch.tensor(lengths),
        "speech_ref1": speech,
        "utt2category": torch.full((2, 1), CATEGORIES.index("SIMU")),
        **more,
    }


def step(model, values, monkeypatch) -> None:
    """Run a step on the meta device, which has no values, so that reading one is an error."""
    lengths = tuple(values["speech_mix_lengths"].tolist())
    facts = batch_module._Facts(lengths, (0, 0), (0, 0), (CATEGORIES.index("SIMU"),) * 2)
    # torch.autocast does not know the meta device.
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(batch_module, "_facts", lambda *_: facts)
    model.to("meta")(**{name: value.to("meta") for name, value in values.items()})[0].backward()


@pytest.mark.parametrize("lengths", [(SAMPLES, SAMPLES), (SAMPLES, 4000)])
def test_a_baseline_reads_only_the_facts_of_its_batch(lengths, monkeypatch):
    step(build(STUDENT), batch(lengths), monkeypatch)


def test_a_teacher_reads_only_the_facts_of_its_batch(monkeypatch):
    text = {
        "text": torch.tensor([[3, 4, 5, 6], [4, 5, 0, 0]]),
        "text_lengths": torch.tensor([4, 2]),
        "align": torch.tensor([[50.0, 100.0, 200.0, 300.0], [80.0, 160.0, 0.0, 0.0]]),
    }
    step(build(TEACHER), batch((SAMPLES, 4000), **text), monkeypatch)


@pytest.mark.parametrize("kind", sorted(set(LOSSES) - OF_THE_RECOGNIZER))
def test_kd_losses_read_no_values(kind, tmp_path, monkeypatch):
    wide = {**STUDENT, "separator_conf": {**STUDENT["separator_conf"], "bottleneck_dim": 12}}
    losses = {kind: {"type": kind, **OPTIONS.get(kind, {})}}
    write_samples(tmp_path / "noise.wav", np.full(SAMPLES, 100, np.int16))
    write_columns(tmp_path / "noises.scp", {"noise": tmp_path / "noise.wav"})
    files = {
        **teacher_options(tmp_path / "teacher", wide),
        "second_noise_scp": str(tmp_path / "noises.scp"),
    }
    model = build({**STUDENT, **files, "kd_losses": losses})
    values = batch((SAMPLES, SAMPLES))
    if kind == "latent_mixup":
        values["speech_mix2"] = values["speech_ref1"] - 0.01
    step(model, values, monkeypatch)


@pytest.mark.parametrize("read", [bool, int, float, torch.Tensor.item, torch.Tensor.tolist])
def test_reading_from_the_meta_device_is_an_error(read):
    with pytest.raises(RuntimeError):
        read(torch.ones(1, device="meta").sum())
