"""Train small models with the installed ESPnet and keep them, with what they compute.

`python -m tests.releases.write_trained` writes tests/releases/<release>/<model>/: the `config.yaml`
and the averaged checkpoint that the training left, and `signals.npz`, with input and output.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import yaml

from espnet_kd import host

from ..tiny_models import STUDENT, TEACHER, TOKENS, write_recognizer

HERE = Path(__file__).parent
SAMPLES = 4000
MODELS = {"student": STUDENT, "teacher": TEACHER}
TRAINING = {
    "max_epoch": 2,
    "optim": "adam",
    "criterions": [{"name": "si_snr", "conf": {}, "wrapper": "fixed_order", "wrapper_conf": {}}],
    "best_model_criterion": [["valid", "si_snr_loss", "min"]],
    "token_list": TOKENS,
}


def mixture() -> np.ndarray:
    """A tone in noise: (T,) float32."""
    rng = np.random.default_rng(0)
    tone = 0.1 * np.sin(0.05 * np.arange(SAMPLES))
    return (tone + 0.05 * rng.standard_normal(SAMPLES)).astype(np.float32)


def compute(name: str, config: Path, checkpoint: Path, wave: np.ndarray) -> np.ndarray:
    """Load a model and run it: (T,) enhanced samples, or (T, V) posteriors of a recognizer."""
    host.prepare()
    from espnet_kd.tasks.trained import load_asr_model, load_model

    signal, length = torch.from_numpy(wave).unsqueeze(0), torch.tensor([len(wave)])
    with torch.no_grad():
        if name == "recognizer":
            model, _ = load_asr_model(config, checkpoint)
            encoded, _ = model.encode(signal, length)
            return model.ctc.log_softmax(encoded)[0].numpy()
        model, _ = load_model(config, checkpoint)
        text, align = torch.tensor([[3, 4, 5]]), torch.tensor([[40, 80, 120]])
        enhanced, _ = model.enhance(signal, length, text, torch.tensor([3]), align)
        return enhanced[0].numpy()


def write(name: str, config: Path, checkpoint: Path) -> None:
    """Keep a model of the installed release."""
    target = HERE / str(host.release()) / name
    target.mkdir(parents=True, exist_ok=True)
    values = yaml.safe_load(config.read_text().replace(str(config.parents[1]), "exp"))
    values["version"] = str(host.release())  # a training writes it, `write_recognizer` does not
    (target / "config.yaml").write_text(yaml.safe_dump(values))
    shutil.copyfile(checkpoint, target / "model.pth")
    wave = mixture()
    output = compute(name, target / "config.yaml", target / "model.pth", wave)
    np.savez_compressed(target / "signals.npz", mixture=wave, output=output)


def main() -> None:
    host.prepare()
    from espnet_kd.bin.enh_kd_train import main as train

    from ..tasks.tiny_training import command, write_tiny_set

    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        data = write_tiny_set(directory / "set", "SSSS")
        for name, model in MODELS.items():
            train(command(data, directory / name, {**model, **TRAINING}))
            exp = directory / name
            write(name, exp / "config.yaml", exp / "valid.si_snr_loss.ave.pth")
        write("recognizer", *write_recognizer(directory / "recognizer"))


if __name__ == "__main__":
    sys.exit(main())
