"""Loading of trained models: strict, at one sampling rate, from stock configurations too."""

from __future__ import annotations

import pytest
import torch
import yaml
from espnet2.tasks.enh import EnhancementTask

from espnet_kd.errors import UserError
from espnet_kd.tasks.trained import load_asr_model, load_model


def test_model_comes_back_with_its_weights(student_files):
    config, checkpoint = student_files
    model, args = load_model(config, checkpoint)
    assert not model.training
    assert args.separator == "tcn"
    saved = torch.load(checkpoint)
    assert model.state_dict().keys() == saved.keys()
    assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())


def test_recognizer_comes_back(recognizer_files):
    model, args = load_asr_model(*recognizer_files)
    assert model.ctc is not None
    assert not model.training


def test_checkpoint_of_another_shape_is_rejected(student_files, tmp_path):
    config, checkpoint = student_files
    state = torch.load(checkpoint)
    state["encoder.conv1d.weight"] = torch.zeros(40, 1, 40)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(
        UserError,
        match=r"other\.pth: 'encoder\.conv1d\.weight' has shape \(40, 1, 40\), .* \(40, 1, 20\)",
    ):
        load_model(config, tmp_path / "other.pth")


def test_checkpoint_of_another_model_is_rejected(student_files, teacher_files):
    with pytest.raises(UserError, match=r"has no 'separator\.text_encoder.*more such keys"):
        load_model(teacher_files[0], student_files[1])
    with pytest.raises(UserError, match=r"has 'separator\.text_encoder.*the model does not have"):
        load_model(student_files[0], teacher_files[1])


def test_another_sampling_rate_is_rejected(student_files, tmp_path):
    values = yaml.safe_load(student_files[0].read_text())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**values, "sample_rate": 8000}))
    with pytest.raises(UserError, match=r"config\.yaml: sample_rate is 8000"):
        load_model(tmp_path / "config.yaml", student_files[1])


@pytest.mark.parametrize("rate", [8000, None])
def test_configuration_of_stock_espnet_is_enough(student_files, tmp_path, rate):
    """ESPnet's CHiME-4 recipe trains at 16 kHz, but its configuration gives a default rate."""
    args = EnhancementTask.get_parser().parse_args([])
    student = yaml.safe_load(student_files[0].read_text())
    parts = ("encoder", "encoder_conf", "separator", "separator_conf", "decoder", "decoder_conf")
    vars(args).update({name: student[name] for name in parts})
    args.init = "xavier_uniform"
    args.criterions = [
        {
            "name": "si_snr",
            "conf": {"eps": 1e-7},
            "wrapper": "fixed_order",
            "wrapper_conf": {"weight": 1.0},
        }
    ]
    values = {**vars(args), "sample_rate": rate}
    if rate is None:
        del values["sample_rate"]
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(values))
    model, trained = load_model(config, student_files[1])
    assert model.sample_rate == trained.sample_rate == 16000
    saved = torch.load(student_files[1])
    assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())


@pytest.mark.brings(
    "training", "a config.yaml that is cut or was edited", "one line names it and what is wrong"
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("separator: tcn", "separator: foo"),
        ("layer: 2", "layer: two"),
        ("layer: 2", "layer: 2\n  foo: 3"),
        ("encoder_conf:", "encoder_conf: null\nrest:"),
        ("separator_conf:", "separator_conf: {}\nrest:"),
    ],
)
def test_a_damaged_configuration(student_files, tmp_path, old, new):
    config, checkpoint = student_files
    text = config.read_text()
    assert old in text
    (tmp_path / "config.yaml").write_text(text.replace(old, new))
    with pytest.raises(UserError, match=r"config\.yaml: describes no model that can be built \("):
        load_model(tmp_path / "config.yaml", checkpoint)


def test_a_damaged_configuration_of_a_recognizer(recognizer_files, tmp_path):
    config, checkpoint = recognizer_files
    text = config.read_text().replace("encoder: transformer", "encoder: foo", 1)
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml: describes no model that can be built \("):
        load_asr_model(tmp_path / "config.yaml", checkpoint)
