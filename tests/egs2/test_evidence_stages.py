"""Stages of the evidence: what they train and score for each seed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "egs2" / "TEMPLATE" / "enh_kd1"
SYSTEMS = ("baseline", "baseline_continued", "student")
MODEL = "valid.si_snr_loss.ave.pth"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a stage with stubs, and returns what it would have run."""
    options = (TEMPLATE / "enh_kd.sh").read_text()
    options = options.partition("### options")[2].partition("### end of options")[0]
    (tmp_path / "options.sh").write_text(options.partition("\n")[2])
    for folder in ("se", "truth", "wer/asr_clean", "wer/asr_multi"):
        for system in (*SYSTEMS, "student_oa", "noisy", "teacher"):
            (tmp_path / "exp/scores" / folder / system).mkdir(parents=True)
    for system in SYSTEMS:
        (tmp_path / "exp" / system).mkdir()
        (tmp_path / "exp" / system / MODEL).touch()

    def stage(name: str, **settings: str) -> tuple[list[str], subprocess.CompletedProcess]:
        chosen = "; ".join(f'{key}="{value}"' for key, value in settings.items()) or ":"
        script = f"""set -euo pipefail
            . ./options.sh; {chosen}; raw=dump/raw; nj=2; suffix=_sp; evidence_dir=exp/evidence
            num_threads=4; rows_at_once=2; kd_config=; train_controls=true
            systems=({" ".join(SYSTEMS)}); eval_sets=(dt_simu dt_real et_simu et_real)
            observation_systems=student
            . {TEMPLATE}/scripts/functions.sh; . {TEMPLATE}/scripts/kd_functions.sh
            inference_jobs() {{ echo 2; }}
            python3() {{ echo "RUN $*"; }}
            enhance_in_jobs() {{ echo "ENHANCE $*"; }}
            recognize() {{ echo "RECOGNIZE $*"; }}
            choose_weights() {{ chosen[$1/student]=0.7; }}
            train_se() {{ echo "TRAIN ${{num_threads}} $*" | tee -a trained.txt
                [ ! -e "fail${{1##*/}}" ] || return 3; mkdir -p "$1"; touch "$1/{MODEL}"; }}
            . {TEMPLATE}/evidence/{name}"""
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return done.stdout.splitlines(), done

    return stage


def test_each_further_seed_trains_three_models_with_its_share_of_threads(run, tmp_path):
    _, done = run("01_trainings.sh")
    assert done.returncode == 0, done.stderr
    trained = (tmp_path / "trained.txt").read_text().splitlines()
    assert {line.split()[1] for line in trained} == {"2"}
    for seed in (1, 2):
        own = [line.split()[2] for line in trained if line.split()[2].endswith(f"seed{seed}")]
        order = ("baseline", "student", "baseline_continued")
        assert own == [f"exp/evidence/{name}/seed{seed}" for name in order]
    assert (tmp_path / "exp/evidence/student/seed0").resolve() == tmp_path / "exp/student"


def test_a_seed_that_fails_is_named(run, tmp_path):
    (tmp_path / "failseed2").touch()
    _, done = run("01_trainings.sh")
    assert done.returncode == 1
    assert "error: exp/evidence/seed2.log: the row did not finish" in done.stderr


def test_scores_of_the_first_seed_are_the_recipes(run, tmp_path):
    lines, done = run("02_scores.sh", truth_dir="truth")
    assert done.returncode == 0, done.stderr
    (enhanced,) = [line for line in lines if line.startswith("ENHANCE")]
    assert "/seed1" in enhanced and "/seed2" in enhanced and "/seed0" not in enhanced
    for kind in ("se", "truth"):
        link = tmp_path / "exp/evidence/scores" / kind / "student-seed0"
        assert link.resolve() == tmp_path / "exp/scores" / kind / "student"
    assert [line.count("--job") for line in lines if "score_se" in line] == [8, 8]


def test_words_of_the_first_seed_are_the_recipes(run, tmp_path):
    lines, done = run("03_recognition.sh")
    assert done.returncode == 0, done.stderr
    joined = [line for line in lines if "join_sets" in line]
    assert [line.count("--part") for line in joined] == [2 * 4 * 3] * 2
    (added,) = [line for line in lines if "add_observation" in line]
    assert added.count("--job") == 2 * 4 and added.count(":0.7") == 2 * 4
    assert not any("seed0" in line or "noisy" in line for line in joined)
    for name, source in (("noisy", "noisy"), ("student_oa-seed0", "student_oa")):
        link = tmp_path / "exp/evidence/scores/wer/asr_multi" / name
        assert link.resolve() == tmp_path / "exp/scores/wer/asr_multi" / source


def test_one_seed_needs_nothing_new(run):
    for stage in ("02_scores.sh", "03_recognition.sh"):
        lines, done = run(stage, seeds="0")
        assert (done.returncode, lines) == (0, []), done.stderr


def test_scores_of_an_earlier_run_make_way_for_the_link(run, tmp_path):
    old = tmp_path / "exp/evidence/scores/se/student-seed0"
    old.mkdir(parents=True)
    run("02_scores.sh")
    assert old.is_symlink()


@pytest.mark.parametrize(
    ("stage", "scores"), [("02_scores.sh", "se"), ("03_recognition.sh", "wer")]
)
def test_the_recipe_has_to_be_run_first(run, tmp_path, stage, scores):
    (tmp_path / "exp/scores" / scores).rename(tmp_path / "elsewhere")
    _, done = run(stage)
    assert done.returncode == 1
    assert done.stderr == f"error: exp/scores/{scores}: does not exist; run ./run.sh first\n"
