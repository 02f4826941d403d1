"""Controls of teacher and student, and where trainings start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "egs2" / "TEMPLATE" / "enh_kd1"
INIT = "--init_param exp/baseline/valid.si_snr_loss.ave.pth"


@pytest.fixture
def trainings(tmp_path):
    """Return a function that runs a stage and returns its trainings by directory."""
    options = (TEMPLATE / "enh_kd.sh").read_text()
    options = options.partition("### options")[2].partition("### end of options")[0]
    (tmp_path / "options.sh").write_text(options.partition("\n")[2])
    valid = tmp_path / "dump/raw/dt05_simu_isolated_1ch_track"
    valid.mkdir(parents=True)
    (valid / "spk1.scp").touch()

    def run(stage: str, **settings: str) -> tuple[dict[str, str], str]:
        chosen = "; ".join(f"{name}={value}" for name, value in settings.items())
        script = f"""set -euo pipefail
            . ./options.sh; {chosen or ":"}; raw=dump/raw; nj=2; tag=; suffix=_sp
            . {TEMPLATE}/scripts/functions.sh
            token_options=(--token_type char)
            python3() {{ :; }}
            train_model() {{ echo "TRAIN $*"; }}
            . {TEMPLATE}/stages/{stage}"""
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("TRAIN ")]
        return {line.split()[1]: line for line in lines}, done.stderr

    return run


def without(command: str, *parts: str) -> str:
    for part in parts:
        assert part in command, (part, command)
        command = command.replace(part, "")
    return " ".join(command.split())


def test_the_teachers_control_differs_in_the_text_alone(trainings):
    found, _ = trainings("06_teacher.sh", train_controls="true")
    teacher, control = found["exp/teacher"], found["exp/teacher_no_text"]
    simu = "dump/raw/{}05_simu_isolated_1ch_track{}"
    text = []
    for kind, part in (("train", simu.format("tr", "_sp")), ("valid", simu.format("dt", ""))):
        for file in ("text,text,text", "align,align,text_int"):
            text.append(f"--{kind}_data_path_and_name_and_type {part}/{file}")
    added = ["--separator_conf use_text=false", "--steps_like exp/teacher"]
    assert INIT in teacher
    expected = without(teacher, "--token_type char", *text).replace("exp/teacher ", "")
    assert without(control, *added).replace("exp/teacher_no_text ", "") == expected


def test_the_students_control_differs_in_the_data_alone(trainings):
    found, _ = trainings("08_student.sh", train_controls="true", student_init="baseline")
    student, control = found["exp/student"], found["exp/baseline_continued"]
    control = without(control, "--steps_like exp/student").replace("baseline_continued", "student")
    simu = "dump/raw/{}05_simu_isolated_1ch_track{}"
    assert control.replace(simu.format("tr", "_sp"), "dump/raw/kd_train") == student
    assert "pseudo" not in student, "true references choose the best epoch"
    assert INIT in student


def test_mixed_batches_know_no_category(trainings):
    settings = {"train_controls": "true", "student_init": "baseline"}
    found, _ = trainings("08_student.sh", **settings, mixed_batches="true")
    assert len(found) == 2 and not [line for line in found.values() if "utt2category" in line]
    found, errors = trainings("08_student.sh", mixed_batches="true", real_weight="0.3")
    assert not found and errors.endswith(
        "error: --real_weight: is 0.3, which needs batches of one category; "
        "leave out --mixed_batches true\n"
    )


def test_real_speech_weighs_less_in_the_student_alone(trainings):
    settings = {"train_controls": "true", "student_init": "baseline"}
    (student, control), (plain, same) = (
        trainings("08_student.sh", **settings, real_weight=weight)[0].values()
        for weight in ("0.3", "1")
    )
    assert without(student, "--model_conf category_weights={REAL: 0.3}") == plain
    assert control == same


def test_controls_are_trained_only_on_request(trainings):
    for stage in ("06_teacher.sh", "08_student.sh"):
        assert len(trainings(stage, train_controls="false")[0]) == 1


@pytest.mark.parametrize(
    ("stage", "option"), [("06_teacher.sh", "teacher_init"), ("08_student.sh", "student_init")]
)
def test_initial_weights(trainings, stage, option):
    for value, starts in (("baseline", True), ("scratch", False)):
        for command in trainings(stage, train_controls="true", **{option: value})[0].values():
            assert (INIT in command) == starts
    found, error = trainings(stage, **{option: "teacher"})
    assert not found
    assert error == f"error: --{option}: is 'teacher'; use baseline or scratch\n"


def test_a_kd_method_has_no_such_control(trainings):
    settings = {"train_controls": "true", "kd_config": "x.yaml", "student_init": "baseline"}
    script = 'prepare_kd_sets() { :; }; train_student() { echo "TRAIN $1"; }'
    found, _ = trainings("08_student.sh", **settings, more=f"1; {script}")
    assert list(found) == ["exp/student"]


@pytest.mark.parametrize("stage", ["04_baseline.sh", "06_teacher.sh", "08_student.sh"])
def test_word_errors_choose_the_epoch_on_demand(trainings, stage):
    """All SE trainings; transcripts are given once, whether or not the model reads them."""
    options = {"student_init": "baseline", "train_controls": "true"}
    found, error = trainings(stage, inference_se_model="valid.word_errors.ave.pth", **options)
    assert found and not error
    text = "--valid_data_path_and_name_and_type dump/raw/dt05_simu_isolated_1ch_track/text,text"
    for training in found.values():
        assert training.split()[2] == "valid.word_errors.ave.pth"
        assert "--best_model_criterion valid,word_errors,min --token_type char" in training
        assert "--kd_asr_checkpoint exp/asr_clean/valid.acc.ave.pth" in training
        assert training.count(text) == 1
    plain, _ = trainings(stage, **options)
    assert not any("word_errors" in training for training in plain.values())
