"""Table of trainings: their start, data, length and convergence."""

from __future__ import annotations

import pytest
import torch
import yaml

from espnet_kd.report.training_table import (
    dropped_note,
    not_converged,
    training_set_of,
    training_table,
)


@pytest.fixture
def training(tmp_path):
    """Return a function that writes what a training leaves, and returns its configuration."""

    def write(name: str, values: list[float] | None, dropped: float = 0.0, **config) -> str:
        directory = tmp_path / name
        directory.mkdir()
        settings = {
            "seed": 3,
            "best_model_criterion": [["valid", "acc", "max"]],
            "train_data_path_and_name_and_type": [["dump/raw/tr05/wav.scp", "a", "sound"]],
            **config,
        }
        (directory / "config.yaml").write_text(yaml.safe_dump(settings))
        stats = {
            number: {
                "train": {
                    "total_count": 40 * number,
                    "dropped_steps": dropped if number == 1 else 0.0,
                },
                "valid": {"acc": value},
            }
            for number, value in enumerate(values or (), 1)
        }
        if values is not None:
            torch.save({"reporter": {"stats": stats}}, directory / "checkpoint.pth")
        return str(directory / "config.yaml")

    return write


def test_a_row_for_each_training(training):
    configs = [
        training("asr_clean", [0.5, 0.8, 0.9]),
        training(
            "aligner",
            [0.5, 0.9, 0.9],
            init_param=["exp/asr_clean/a.pth:encoder:encoder", "exp/asr_clean/a.pth:ctc:ctc"],
            seed=0,
        ),
        training("student_at_kl", None),
    ]
    header, _, *rows = training_table(configs).splitlines()
    assert header.startswith("| training | initial weights | training set | seed | epochs | steps")
    assert rows == [
        "| asr_clean | random | `tr05` | 3 | 3 | 120 | acc | 0.9 | 0.1 (1) | **no** |",
        "| aligner | asr_clean | `tr05` | 0 | 3 | 120 | acc | 0.9 | 0 (1) | yes |",
        "| student_at_kl | random | `tr05` | 3 | – | – | – | – | – | – |",
    ]
    assert not_converged(configs) == ["asr_clean"]


def test_dropped_steps_are_named(training):
    configs = [training("few", [0.5] * 3, 1.0), training("many", [0.5] * 3, 2.0)]
    assert dropped_note(configs[:1]) == []
    (note,) = dropped_note(configs)
    assert note == (
        "**Dropped more than 1% of their steps, because gradients were not finite: many.**"
    )
    rows = training_table(configs).splitlines()[2:]
    assert "| 120 (1 dropped) |" in rows[0] and "| 120 (2 dropped) |" in rows[1]


def test_the_set_of_a_training(training):
    configs = [training("asr_multi", None), training("lm", None)]
    assert training_set_of("asr_multi", configs) == "tr05"
    assert training_set_of("asr_clean", configs) is None


def test_seeds_are_named_after_their_training(training, tmp_path):
    path = training("student", [0.5, 0.8, 0.9])
    (tmp_path / "evidence" / "student").mkdir(parents=True)
    linked = tmp_path / "evidence" / "student" / "seed0"
    linked.symlink_to(tmp_path / "student")
    (tmp_path / "evidence" / "student" / "seed1").mkdir()
    for name in ("config.yaml", "checkpoint.pth"):
        (linked.with_name("seed1") / name).write_bytes((tmp_path / "student" / name).read_bytes())
    seeds = [str(linked.with_name(f"seed{k}") / "config.yaml") for k in (0, 1)]
    assert not_converged([path, *seeds]) == ["student", "student/seed1"]
