"""The card of a packed model."""

from __future__ import annotations

import re

import pytest
import yaml

from espnet_kd.report.model_card import CardFacts, model_card, training_command
from espnet_kd.report.score_rows import ScoreTable

VALUES = {
    "separator": "tcn",
    "criterions": [{"name": "si_snr"}],
    "supervised_weight": 0.5,
    "kd_losses": {"distance": {"type": "output", "weight": 2.0}, "gram": {}},
    "teacher_config": "exp/teacher/config.yaml",
    "train_data_path_and_name_and_type": [
        ["dump/raw/tr05_simu/wav.scp", "speech_mix", "sound"],
        ["dump/raw/tr05_simu/spk1.scp", "speech_ref1", "sound"],
    ],
}


def card(tmp_path, **facts) -> str:
    given = {"values": VALUES, "exp_dir": tmp_path, "parameters": 123_456, "other": {}}
    return model_card(CardFacts(**{"name": "My model", "file": "my.zip", **given, **facts}))


def head_of(text: str) -> dict:
    return yaml.safe_load(re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1])


def test_the_head_has_the_fields_of_the_hub(tmp_path):
    table = ScoreTable("WER (%)", ("| a | PESQ |", "| - | - |", "| b | 2.0 [1.9, 2.1] |"))
    text = card(tmp_path, license="apache-2.0", language="de", datasets=["chime4"], tables=[table])
    assert head_of(text) == {
        "license": "apache-2.0",
        "language": "de",
        "library_name": "espnet",
        "pipeline_tag": "audio-to-audio",
        "tags": ["espnet", "audio", "audio-to-audio", "speech-enhancement"],
        "datasets": ["chime4"],
        "metrics": ["pesq", "wer"],
    }
    assert "### WER (%)\n\n| a | PESQ |\n| - | - |\n| b | 2.0 [1.9, 2.1] |\n" in text
    assert "- license: apache-2.0" in text


def test_the_text_tells_data_teacher_and_method(tmp_path):
    text = card(tmp_path, notes=["For tests only."], files=["a.onnx"], command="espnet-kd pack x y")
    for line in (
        "# My model",
        "For tests only.",
        "- data: lists of `tr05_simu`",
        "- teacher: `teacher`",
        "- method: supervised `si_snr` with weight 0.5; KD losses: `distance` (type `output`, "
        "weight 2), `gram` (type `gram`, weight 1)",
        "- packed by: `espnet-kd pack x y`",
        "- other files: `a.onnx`",
        "espnet-kd enhance noisy.wav enhanced.wav --model my.zip",
        'separate = SeparateSpeech.from_pretrained(model_tag="my.zip")',
    ):
        assert f"\n{line}\n" in text
    assert re.search(r"\n- commit of espnet_kd: `(\w{40}|not a git checkout)`\n", text)
    assert "separator `tcn`, 0.123 M parameters" in text


def test_what_is_not_given_is_said(tmp_path):
    text = card(tmp_path, values={"separator": "tcn"})
    assert head_of(text)["license"] == "other" and head_of(text)["metrics"] == []
    for part in ("not stated by who packed", "data: not stated", "KD losses: none", "None were"):
        assert part in text
    assert "trained by" not in text


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            "/usr/bin/python3 /x/espnet_kd/bin/enh_kd_train.py --config a.yaml --ngpu 0",
            "python -m espnet_kd.bin.enh_kd_train --config a.yaml --ngpu 0",
        ),
        (
            "python3 'espnet-kd enh-kd-train' --ngpu 0",
            "espnet-kd enh-kd-train --ngpu 0",
        ),
        ("python is a language", ""),
    ],
)
def test_the_command_of_the_training_is_read_from_its_log(tmp_path, line, command):
    (tmp_path / "train.log").write_text(f"# started\n{line}\nepoch 1\n")
    assert training_command(tmp_path) == command
    assert (f"- trained by: `{command}`" in card(tmp_path)) == bool(command)
