"""Functions of the stages, with a launcher that only prints what it would run."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "egs2" / "TEMPLATE" / "enh_kd1" / "scripts"
PRELUDE = (
    f"set -euo pipefail; . {SCRIPTS}/functions.sh; "
    "mixed_batches=false ngpu=0 num_threads=3 cuda_cmd='echo RUN'; "
)


def bash(directory, script):
    return subprocess.run(
        ["bash", "-c", PRELUDE + script], cwd=directory, capture_output=True, text=True, timeout=30
    )


def test_training_resumes_in_its_directory_with_its_threads(tmp_path):
    result = bash(tmp_path, "train_model exp m.pth mod --x 1")
    assert "error: exp/m.pth: the training did not write it" in result.stderr
    assert (
        "--gpu 0 --num_threads 3 exp/train.log env OMP_NUM_THREADS=3 python3 -m mod --x 1 "
        "--ngpu 0 --resume true --output_dir exp"
    ) in result.stdout


def test_a_training_without_a_valid_step_fails(tmp_path):
    train = """launch() { mkdir -p exp; touch exp/m.pth
        echo 'WARNING: The gradients at all steps are invalid in this epoch.' > exp/train.log; }
        cuda_cmd=launch; train_model exp m.pth module"""
    result = bash(tmp_path, train)
    assert result.returncode == 1
    assert result.stderr.startswith("error: exp: an epoch had no step with finite gradients")
    assert len(result.stderr.splitlines()) == 1 and not (tmp_path / "exp/m.pth").exists()
    trainer = Path(find_spec("espnet2.train.trainer").origin).read_text()
    assert '"The gradients at all steps are invalid in this epoch. "' in trainer


def test_the_end_of_a_training_is_logged(tmp_path):
    train = """launch() { mkdir -p exp; touch exp/m.pth
        printf 'convergence: exp: first\\nother\\nconvergence: exp: %s\\n' "$1" > exp/train.log; }
        cuda_cmd='launch last'; train_model exp m.pth module"""
    result = bash(tmp_path, train)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].endswith(" convergence: exp: last")
    silent = train.replace("convergence: exp", "nothing")
    result = bash(tmp_path, f"rm -r exp; {silent}")
    assert (result.returncode, result.stderr) == (0, "")


def test_an_unknown_decoder_is_one_line(tmp_path):
    result = bash(tmp_path, "decoder=beam; recognize asr joint out scores")
    assert result.returncode == 1
    assert result.stderr == "error: --decoder: is 'beam'; use joint or ctc_greedy\n"


def test_weights_are_chosen_for_each_recognizer(tmp_path):
    script = """valid_simu_set=simu valid_real_set=real; declare -A chosen=()
        python3() { echo "$*" >&2; echo "student 0.7"; }
        choose_weights asr_clean a student; choose_weights asr_multi b student
        echo "${chosen[asr_clean/student]} ${chosen[asr_multi/student]}"
        python3() { :; }; choose_weights asr_clean c teacher"""
    result = bash(tmp_path, script)
    assert result.stdout.splitlines() == ["0.7 0.7"]
    first, second, error = result.stderr.splitlines()
    assert first.endswith("choose_observation --scores a --systems student --sets simu real")
    assert " --scores b " in second
    assert (result.returncode, error) == (1, "error: c: no weight was chosen for teacher")


def test_a_finished_training_is_not_redone(tmp_path):
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp" / "m.pth").touch()
    result = bash(tmp_path, "train_model exp m.pth module")
    assert result.returncode == 0
    assert "RUN" not in result.stdout
    assert "exp/m.pth exists" in result.stdout


def test_several_gpus_are_used_together(tmp_path):
    result = bash(tmp_path, "ngpu=4; train_model exp m.pth module")
    assert "--ngpu 4 --multiprocessing_distributed true" in result.stdout


@pytest.mark.parametrize("speeds", [False, True])
def test_speeds_are_passed_if_the_set_has_them(tmp_path, speeds):
    if speeds:
        (tmp_path / "utt2speed").touch()
    result = bash(tmp_path, f'data=(); add_se_data train {tmp_path}; echo "${{data[*]}}"')
    assert f"--train_shape_file {tmp_path}/utt2num_samples" in result.stdout
    assert ("utt2speed,speed,text_float" in result.stdout) == speeds


def test_validation_without_references_is_an_error_before_training(tmp_path):
    result = bash(tmp_path, "train_se exp c.yaml train valid")
    assert result.returncode == 1
    assert result.stderr.startswith("error: valid/spk1.scp: does not exist")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("listing", "visible", "count"), [("GPU 0: x", "0", 1), ("", "0", 0)])
def test_gpus_are_found_by_their_listing(tmp_path, listing, visible, count):
    script = f"nvidia-smi() {{ echo '{listing}'; }}; visible_gpus"
    assert bash(tmp_path, script).stdout.strip() == str(count)


def test_hidden_gpus_are_not_used(tmp_path):
    script = "nvidia-smi() { echo 'GPU 0: x'; }; CUDA_VISIBLE_DEVICES= ; visible_gpus"
    assert bash(tmp_path, script).stdout.strip() == "0"


@pytest.mark.parametrize(
    ("settings", "gpu", "jobs"),
    [
        ("inference_ngpu=0 inference_nj=8", 0, 8),
        ("inference_ngpu=1 inference_nj=8", 1, 1),
        ("inference_ngpu=1 inference_nj=8 ngpu=4", 1, 4),
    ],
)
def test_enhancement_runs_many_jobs_on_the_cpu_or_one_per_gpu(tmp_path, settings, gpu, jobs):
    options = f"--ngpu {gpu} --compile true --x 1"
    functions = (
        "enhance_args='--compile true'; decode_cmd='echo RUN launch'; "
        'python3() { echo RUN python3 "$@"; }; '
    )
    result = bash(tmp_path, f"{functions} {settings}; enhance_in_jobs mod exp/enhance --x 1")
    assert [line for line in result.stdout.splitlines() if line.startswith("RUN")] == [
        f"RUN python3 -m mod --part begin {options}",
        f"RUN launch --gpu {gpu} JOB=1:{jobs} exp/enhance.JOB.log "
        f"python3 -m mod --part JOB/{jobs} {options}",
        f"RUN python3 -m mod --part finish {options}",
    ]
