"""True images of real recordings are only for scoring: training must not read them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "egs2" / "TEMPLATE" / "enh_kd1"
MINI = ROOT / "egs2" / "mini_chime4" / "enh_kd1"
STAGES = TEMPLATE / "stages"
SCORING_STAGES = {"11_score_se.sh", "15_report.sh"}
MODULES = {
    "bin/make_mini_chime4.py",
    "bin/report.py",
    "bin/truth_scp.py",
    "report/results_page.py",
}


def test_only_the_scoring_stages_name_the_images():
    scripts = [*STAGES.iterdir(), *(TEMPLATE / "scripts").iterdir(), TEMPLATE / "cmd.sh"]
    named = {path.name for path in scripts if "truth" in path.read_text().lower()}
    assert named == SCORING_STAGES | {"kd_functions.sh"}  # score_signals, for the comparison


def test_only_the_scoring_stages_read_what_was_scored_with_them():
    readers = {
        path.name for path in STAGES.iterdir() if "{expdir}/scores${tag}" in path.read_text()
    }
    recognition = {"13_decode.sh", "14_observation.sh"}
    assert readers == SCORING_STAGES | recognition
    for stage in recognition:
        found = re.findall(r"\{expdir\}/scores\$\{tag\}/(\w+)", (STAGES / stage).read_text())
        assert found and set(found) <= {"wer", "observation"}


def test_only_the_generator_and_scoring_name_the_images():
    package = ROOT / "espnet_kd"
    named = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search("truth_|true_image", path.read_text()) and path.parent.name != "mini_chime4"
    }
    assert named == MODULES


def test_the_images_lie_outside_the_corpus_and_git_ignores_them():
    show = '. ./db.sh; echo "${CHIME4} ${TRUTH}"'
    shown = subprocess.run(["bash", "-c", show], cwd=MINI, capture_output=True, text=True)
    corpus, truth = shown.stdout.split()
    assert Path(truth).parts[0] != Path(corpus).parts[0]
    ignored = subprocess.run(["git", "check-ignore", f"{truth}/x.wav"], cwd=MINI)
    assert ignored.returncode == 0


@pytest.fixture
def run_stage(tmp_path):
    """Return a function that runs a stage with a Python that only prints its arguments."""
    (tmp_path / "db.sh").write_text("CHIME4=corpus/CHiME4\n")
    settings = (TEMPLATE / "enh_kd.sh").read_text()
    options = settings.partition("### options")[2].partition("### end of options")[0]
    (tmp_path / "options.sh").write_text(options.partition("\n")[2])
    (tmp_path / "exp").mkdir()
    for page in ("RESULTS.md", "RESULTS_x.md"):
        (tmp_path / "exp" / page).touch()
    for name in ("baseline", "lm"):
        (tmp_path / "exp" / name).mkdir()
        (tmp_path / "exp" / name / "config.yaml").touch()

    def run(name, truth_dir, tag=""):
        script = f"""set -euo pipefail
            . ./options.sh; truth_dir={truth_dir}; raw=dump/raw; command_line=; nj=2; tag={tag}
            . {TEMPLATE}/scripts/functions.sh
            eval_sets=("${{valid_simu_set}}" "${{valid_real_set}}")
            systems=(baseline student); teachers=(teacher)
            log() {{ :; }}
            python3() {{ echo "RUN $*"; }}
            . {STAGES}/{name}"""
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return [line for line in done.stdout.splitlines() if line.startswith("RUN ")]

    return run


def test_without_a_truth_directory_nothing_is_scored_against_it(run_stage):
    (command,) = run_stage("11_score_se.sh", "")
    assert "score_se" in command and "exp/scores/truth" not in command
    assert "truth" not in " ".join(run_stage("15_report.sh", ""))


def test_real_sets_and_pseudo_references_are_scored_against_true_images(run_stage):
    plain, tests, train, scored = run_stage("11_score_se.sh", "truth")
    assert plain == run_stage("11_score_se.sh", "")[0]
    for command in (tests, train):
        assert "truth_scp --truth truth --corpus corpus/CHiME4" in command
    track = "real_isolated_1ch_track"
    assert tests.endswith(f"--sets dump/raw/dt05_{track} dump/raw/et05_{track}")
    assert train.endswith(f"--most 64 --sets dump/pseudo/tr05_{track}")
    assert "--partial --ref_scp exp/scores/true_images/{set}/spk1.scp" in scored
    jobs = [job.split(":") for job in re.findall(r"--job (\S+)", scored)]
    systems = ("noisy", "baseline", "student", "teacher")
    assert [(job[0], Path(job[1]).name[:4]) for job in jobs] == [
        *((system, part) for part in ("dt05", "et05") for system in systems),
        ("noisy", "tr05"),
        ("teacher", "tr05"),
        ("pseudo_reference", "tr05"),
    ]
    assert jobs[-1][2] == f"dump/pseudo/tr05_{track}/spk1.scp"
    assert [job[3] for job in jobs] == [f"exp/scores/truth/{j[0]}/{Path(j[1]).name}" for j in jobs]


def test_the_report_reads_the_true_image_scores(run_stage):
    report = run_stage("15_report.sh", "truth")[0]
    assert "--truth_root exp/scores/truth " in report
    assert "--training exp/baseline/config.yaml exp/lm/config.yaml --model baseline:" in report


def test_a_kd_method_has_its_own_scores_and_results(run_stage):
    scores, report = (
        run_stage("11_score_se.sh", "", "_x")[0],
        run_stage("15_report.sh", "", "_x")[0],
    )
    track = "simu_isolated_1ch_track"
    student = f"exp/student_x/enhanced/dt05_{track}/wav.scp:exp/scores_x/se/student/dt05_{track}"
    assert f"student:dump/raw/dt05_{track}:{student}" in scores
    assert f":exp/baseline/enhanced/dt05_{track}/wav.scp:exp/scores_x/se/baseline" in scores
    assert "--out exp/RESULTS_x.md --se_root exp/scores_x/se --wer_root exp/scores_x/wer" in report
    assert "student:exp/student_x/config.yaml:exp/student_x/" in report


def test_the_embedded_corpus_uses_them():
    shown = subprocess.run(
        ["bash", "-x", "./run.sh", "--help"], cwd=MINI, capture_output=True, text=True, timeout=60
    )
    assert "--truth_dir truth" in shown.stderr
    assert '--truth_dir "${TRUTH}"' in (MINI / "local" / "data.sh").read_text()
