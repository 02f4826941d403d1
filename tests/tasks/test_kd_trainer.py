"""Trainings on silence, with dropped steps, and with an undefined validation loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.bin.enh_kd_train import main
from espnet_kd.data.audio import write_samples
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.history import read_history

from ..tiny_models import STUDENT
from .tiny_training import SAMPLES, command, without_text, write_tiny_set

CHUNKS = {
    "batch_type": "unsorted",
    "iterator_type": "chunk",
    "chunk_length": 1000,
    "chunk_shift_ratio": 1.0,
}


def silence(set_dir, name: str, start: int = 0) -> None:
    """Write a reference that is silent from a sample on."""
    path = read_columns(set_dir / "spk1.scp")[name]
    wave = 3000 * np.sin(np.arange(SAMPLES) * 0.05)
    wave[start:] = 0
    write_samples(path, wave.astype(np.int16))


def weights(output) -> dict[str, torch.Tensor]:
    return torch.load(output / "1epoch.pth")


@pytest.mark.brings(
    "training",
    "a reference with a silent stretch",
    "its chunks are left out of the loss and counted in the log",
)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_silent_chunks_cost_no_step(tmp_path, capsys, caplog, batch_size):
    sets = write_tiny_set(tmp_path / "set", "SSSS")
    silence(sets, "u1_SIMU", start=1000)
    config = {**STUDENT, **CHUNKS, "batch_size": batch_size, "max_epoch": 1}
    main(without_text(command(sets, tmp_path / "exp", config)))
    history = read_history(tmp_path / "exp")
    assert history.dropped == 0 and np.isfinite(history.best)
    assert all(value.isfinite().all() for value in weights(tmp_path / "exp").values())
    for part in ("training", "validation"):
        found = "left out 3 of 16 chunks, whose reference or mixture is silent, e.g. of u1_SIMU"
        assert f"1epoch: {part} {found}" in caplog.messages
    assert "were dropped" not in capsys.readouterr().out


@pytest.mark.brings(
    "training", "a silent utterance in the validation set", "it is left out and counted in the log"
)
def test_a_silent_validation_utterance_leaves_the_loss_defined(tmp_path, caplog):
    sets = write_tiny_set(tmp_path / "set", "SSS")
    silence(sets, "u1_SIMU")
    main(command(sets, tmp_path / "exp", {**STUDENT, "max_epoch": 1}))
    assert np.isfinite(read_history(tmp_path / "exp").best)
    assert any(text.startswith("1epoch: validation left out 1 of 3") for text in caplog.messages)


@pytest.mark.brings(
    "training", "a validation set of silence only", "one line, no epoch is called the best"
)
def test_silence_alone_cannot_be_validated(tmp_path):
    sets, silent = write_tiny_set(tmp_path / "set", "SS"), write_tiny_set(tmp_path / "dev", "SS")
    for name in ("u0_SIMU", "u1_SIMU"):
        silence(silent, name)
    cmd = command(sets, tmp_path / "exp", {**STUDENT, "max_epoch": 1})
    valid = [i for i, word in enumerate(cmd) if word.startswith("--valid_")]
    for i in valid:
        cmd[i + 1] = cmd[i + 1].replace(str(sets), str(silent))
    with pytest.raises(SystemExit) as stop:
        main(cmd)
    assert str(stop.value) == (
        "error: the validation set: mixture or reference of every utterance is silent; "
        "use a set with signals"
    )
    assert not (tmp_path / "exp" / "1epoch.pth").exists()


@pytest.mark.brings(
    "training",
    "an utterance whose validation loss is not finite",
    "one line names it and its files; no epoch is called the best",
)
def test_an_undefined_validation_loss_stops_with_the_name(tmp_path, monkeypatch):
    sets = write_tiny_set(tmp_path / "set", "SSS")
    terms = ESPnetKDModel.compute_terms
    third = torch.as_tensor(
        np.array(3000 * np.sin(np.arange(SAMPLES) * 0.09)).astype(np.int16) / 32768
    ).float()

    def spoiled(self, batch, calibrate=False):
        bad = (batch.reference - third).abs().amax(1) < 1e-4
        return [
            (name, weight, loss if self.training else loss.masked_fill(bad, torch.inf))
            for name, weight, loss in terms(self, batch, calibrate)
        ]

    monkeypatch.setattr(ESPnetKDModel, "compute_terms", spoiled)
    with pytest.raises(SystemExit) as stop:
        main(command(sets, tmp_path / "exp", {**STUDENT, "max_epoch": 1}))
    files = f"{sets}/wav/u2_SIMU.wav {sets}/spk/u2_SIMU.wav"
    assert str(stop.value).startswith(
        f"error: u2_SIMU ({files}): its validation loss is inf; remove the utterance"
    )
    assert not (tmp_path / "exp" / "checkpoint.pth").exists()


@pytest.mark.brings(
    "training",
    "data or settings with which more than 1 % of the steps have no finite gradient",
    "the end of the log and RESULTS.md say how many",
)
@pytest.mark.parametrize("accum_grad", [1, 2])
def test_dropped_steps_are_counted(tmp_path, capsys, monkeypatch, accum_grad):
    sets = write_tiny_set(tmp_path / "set", "SSSSSSSS")
    steps = []
    terms = ESPnetKDModel.compute_terms

    def spoiled(self, batch, calibrate=False):
        found = terms(self, batch, calibrate)
        if self.training:
            steps.append(None)
            if len(steps) == 2:
                found = [(name, weight, loss * torch.inf) for name, weight, loss in found]
        return found

    monkeypatch.setattr(ESPnetKDModel, "compute_terms", spoiled)
    options = ["--accum_grad", str(accum_grad)]
    main(command(sets, tmp_path / "exp", {**STUDENT, "max_epoch": 2}, *options))
    history = read_history(tmp_path / "exp")
    assert [epoch.dropped for epoch in history.epochs] == [accum_grad, 0]
    assert history.steps == 8 and history.many_dropped
    assert (
        f"warning: {tmp_path}/exp: {accum_grad} of 8 steps were dropped (more than 1%), because "
        "gradients were not finite; look for unusual utterances, or lower the learning rate"
    ) in capsys.readouterr().out.splitlines()
