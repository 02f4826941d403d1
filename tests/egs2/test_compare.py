"""Shell code of KD methods and their comparison, with commands that only print their arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "egs2" / "TEMPLATE" / "enh_kd1"
SIMU, REAL = "dt05_simu_isolated_1ch_track", "dt05_real_isolated_1ch_track"
NEEDS = {
    "none": "",
    "output": "teacher",
    "cosine": "teacher",
    "acoustic_token": "centroids recognizer teacher",
    "latent_mixup": "pairs teacher",
}


@pytest.fixture
def recipe(tmp_path):
    """Write a finished recipe of empty files."""
    settings = (TEMPLATE / "enh_kd.sh").read_text()
    options = settings.partition("### options")[2].partition("### end of options")[0]
    (tmp_path / "options.sh").write_text(options.partition("\n")[2])
    for model in ("teacher", "uformer"):
        (tmp_path / "exp" / model).mkdir(parents=True)
        (tmp_path / "exp" / model / "valid.si_snr_loss.ave.pth").touch()
    for asr in ("asr_clean", "asr_multi"):
        (tmp_path / "exp" / asr).mkdir()
        (tmp_path / "exp" / asr / "valid.acc.ave.pth").touch()
    for kind in ("se", "truth"):
        for system in ("noisy", "teacher"):
            (tmp_path / "exp" / "scores" / kind / system).mkdir(parents=True)
    (tmp_path / "exp" / "scores" / "wer" / "asr_multi" / "noisy").mkdir(parents=True)
    real = tmp_path / "dump" / "raw" / "tr05_real_isolated_1ch_track"
    real.mkdir(parents=True)
    (real / "align").touch()
    return tmp_path


@pytest.fixture
def run(recipe):
    """Return a function that runs shell code as enh_kd.sh does; it returns commands and status."""

    def run_code(code, **changes):
        assigned = "\n".join(f"{name}={value!r}" for name, value in changes.items())
        needs = "\n".join(f"*/{name}.yaml) echo '{words}' ;;" for name, words in NEEDS.items())
        script = f"""set -euo pipefail
            . ./options.sh; raw=dump/raw; command_line=; suffix=_sp; tag=; teacher_tag=
            nlsyms=nlsyms.txt; nj=2; num_threads=2; rows_at_once=1; inference_ngpu=0
            token_options=(--token_type char --token_list tokens.txt)
            eval_sets=("${{valid_simu_set}}" "${{valid_real_set}}")
            {assigned}
            compare_dir=exp/compare${{teacher_tag}}
            . {TEMPLATE}/scripts/functions.sh
            . {TEMPLATE}/scripts/kd_functions.sh
            cuda_cmd=launch; decode_cmd=launch
            python3() {{
                case "$*" in
                *kd_needs*) case "$*" in {needs} esac ;;
                *) echo "RUN $*" ;;
                esac
            }}
            launch() {{ echo "RUN $*"; }}
            train_model() {{ echo "RUN train $*"; if [ -e fail ]; then false; fi; }}
            recognize() {{ echo "RUN recognize $*"; }}
            {code}"""
        done = subprocess.run(
            ["bash", "-c", script], cwd=recipe, capture_output=True, text=True, timeout=60
        )
        lines = [line[4:] for line in done.stdout.splitlines() if line.startswith("RUN ")]
        return lines, done

    return run_code


def stage(name):
    return f". {TEMPLATE}/compare/{name}"


@pytest.mark.parametrize(("suffix", "scaled"), [("_sp", 1), ("", 0)])
def test_alignments_are_scaled_if_there_are_speeds(run, suffix, scaled):
    lines, done = run("prepare_kd_sets", suffix=suffix)
    assert done.returncode == 0, done.stderr
    assert sum("--scale_from" in line for line in lines) == scaled
    (train,) = (line for line in lines if "kd_online_train" in line)
    assert train.endswith(
        f"--absent_references --out dump/raw/kd_online_train dump/raw/tr05_{SIMU[5:]}{suffix}"
        f" dump/kd/tr05_{REAL[5:]}{suffix}"
    )


@pytest.mark.parametrize(
    ("method", "teacher", "given", "not_given"),
    [
        ("none", "teacher", (), ("--teacher_config", "text,text,text", "--kd_centroids")),
        ("output", "teacher", ("--teacher_config exp/teacher/config.yaml", "text,text,text"), ()),
        ("output", "uformer", ("exp/uformer/config.yaml",), ("text,text,text", "--token_list")),
        ("acoustic_token", "teacher", ("--kd_asr_config exp/asr_clean", "--kd_centroids exp/"), ()),
        ("latent_mixup", "teacher", ("--second_noise_scp data/noise.scp",), ("--kd_asr",)),
    ],
)
def test_a_method_is_given_what_it_needs(run, recipe, method, teacher, given, not_given):
    (recipe / "data").mkdir()
    (recipe / "data/noise.scp").touch()
    code = f"train_student exp/x conf/kd/{method}.yaml --seed 7"
    lines, done = run(code, kd_teacher=teacher)
    assert done.returncode == 0, done.stderr
    trained = lines[-1]
    assert trained.startswith("train exp/x valid.si_snr_loss.ave.pth espnet_kd.bin.enh_kd_train ")
    assert f"--config conf/kd/{method}.yaml" in trained and trained.endswith("--seed 7")
    assert "kd_online_train/spk1.scp,speech_ref1,reference" in trained
    assert all(words in trained for words in given)
    assert not any(words in trained for words in not_given)


def test_a_method_that_mixes_noises_asks_for_them_before_it_trains(run):
    lines, done = run("train_student exp/x conf/kd/latent_mixup.yaml")
    assert done.returncode == 1 and not lines
    assert done.stderr == (
        "error: data/noise.scp: does not exist, but conf/kd/latent_mixup.yaml mixes noises; run "
        'stage 1 with noise recordings: --local_data_opts "--noise DIRECTORY"\n'
    )


def test_rows_are_made_once(run, recipe):
    options = {"methods": "none output", "seeds": "0 1"}
    done = run(stage("02_rows.sh"), **options)[1]
    assert done.returncode == 0, done.stderr
    logs = sorted((recipe / "exp" / "compare").glob("*/seed*/row.log"))
    assert [path.parent.relative_to(recipe / "exp" / "compare").as_posix() for path in logs] == [
        f"{method}/seed{seed}" for method in ("none", "output") for seed in (0, 1)
    ]
    for path in logs:
        text = path.read_text()
        assert f"--seed {path.parent.name[4:]}" in text
        assert "recognize asr_multi " in text
        path.write_text("")
    (recipe / "exp/compare/output/seed1/.finished").unlink()
    run(stage("02_rows.sh"), **options)
    assert [path.parent.name for path in logs if path.read_text()] == ["seed1"]


def test_a_row_that_fails_is_named(run, recipe):
    (recipe / "fail").touch()
    done = run(stage("02_rows.sh"), methods="none", seeds="3")[1]
    assert done.returncode == 1
    assert "error: exp/compare/none/seed3/row.log: the row did not finish" in done.stderr


def test_real_sets_are_scored_if_there_are_true_images(run):
    lines, _ = run("score_signals x exp/x", truth_dir="truth")
    assert [("--ref_scp" in line) for line in lines if "score_se" in line] == [False, True]
    assert f"{REAL}:exp/x/enhanced/{REAL}/wav.scp:exp/compare/scores/truth/x/{REAL}" in lines[-1]
    lines, _ = run("score_signals x exp/x", truth_dir="")
    assert not any("--ref_scp" in line for line in lines)


def finish(recipe, *rows):
    for row in rows:
        (recipe / "exp" / "compare" / row).mkdir(parents=True)
        (recipe / "exp" / "compare" / row / ".finished").touch()


def test_the_report_has_all_finished_rows(run, recipe):
    """A comparison made in parts is complete: rows of earlier calls are kept."""
    finish(recipe, "none/seed0", "none/seed1", "cosine/seed0")
    (recipe / "exp" / "compare" / "RESULTS.md").touch()
    lines, done = run(stage("03_report.sh"), methods="output")
    assert done.returncode == 0, done.stderr
    assert "--methods output cosine none --unseeded noisy teacher" in lines[0]
    assert "--control output none --simu_sets" in lines[0]
    assert (recipe / "exp/compare/scores/se/teacher").resolve() == recipe / "exp/scores/se/teacher"
    assert (recipe / "exp/compare/scores/wer/noisy").is_dir()


def test_another_teacher_has_its_own_comparison_and_scores(run, recipe):
    other = {"kd_teacher": "uformer", "teacher_tag": "_uformer"}
    lines, _ = run(stage("01_sets.sh"), methods="none", **other)
    assert any(
        "score_se" in line and "exp/compare_uformer/scores/se/teacher" in line for line in lines
    )
    assert not any("score_se" in line for line in run(stage("01_sets.sh"), methods="none")[0])
    (recipe / "exp" / "compare_uformer").mkdir()
    (recipe / "exp" / "compare_uformer" / "RESULTS.md").touch()
    lines, done = run(stage("03_report.sh"), methods="none", **other)
    assert done.returncode == 0, done.stderr
    assert "--model teacher:exp/uformer/config.yaml" in lines[0]
    assert not (recipe / "exp/compare_uformer/scores/se/teacher").exists()


def test_a_comparison_without_a_control_stops_at_once(run, recipe):
    done = run(stage("01_sets.sh"), methods="cosine")[1]
    assert done.returncode == 1
    assert done.stderr.startswith("error: --methods: 'cosine' contains none of the controls (none ")
    finish(recipe, "none/seed0")
    assert run(stage("01_sets.sh"), methods="cosine")[1].returncode == 0


def test_a_missing_file_of_the_recipe_is_named(run, recipe):
    (recipe / "exp/asr_multi/valid.acc.ave.pth").unlink()
    done = run(stage("01_sets.sh"))[1]
    line = "error: exp/asr_multi/valid.acc.ave.pth: does not exist; run ./run.sh first"
    assert done.stderr.splitlines() == [line]


@pytest.mark.parametrize(
    ("threads", "gpus", "gigabytes", "rows"),
    [(8, 0, 64, 8), (64, 0, 64, 12), (8, 0, 3, 1), (8, 1, 64, 1)],
)
def test_as_many_rows_at_once_as_memory_allows(run, threads, gpus, gigabytes, rows):
    code = f"""awk() {{ command awk "$1" <<< 'MemAvailable: {gigabytes * 10**6} kB'; }}
        echo RUN $(rows_that_fit)"""
    lines, done = run(code, num_threads=str(threads), ngpu=str(gpus))
    assert done.returncode == 0, done.stderr
    assert lines == [str(rows)]
