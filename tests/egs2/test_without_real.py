"""The recipe without real recordings, with commands that only print their arguments."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "egs2" / "TEMPLATE" / "enh_kd1"
PYTHON = """python3() {
    case "$*" in
        *choose_observation*) printf '%s 0.7\\n' baseline student ;;
        *kd_needs*) ;;
        *) printf 'PY'; printf ' <%s>' "$@"; echo ;;
    esac
}
"""
MODELS = ("baseline", "teacher", "student", "student_output")
RECOGNIZERS = ("asr_clean", "asr_multi", "asr_multi_output")


@pytest.fixture
def recipe(tmp_path):
    """A recipe whose models are trained."""
    directory = tmp_path / "enh_kd1"
    shutil.copytree(TEMPLATE, directory)
    (directory / "conf").symlink_to(ROOT / "conf")
    (directory / "path.sh").write_text(PYTHON)
    (directory / "cmd.sh").write_text("cuda_cmd='echo RUN' decode_cmd='echo RUN'\n")
    (directory / "db.sh").write_text("CHIME4=\n")
    (directory / "local/data.sh").write_text("#!/usr/bin/env bash\n")
    (directory / "local/data.sh").chmod(0o755)
    files = [f"exp/{name}/valid.si_snr_loss.ave.pth" for name in MODELS]
    files += [f"exp/{name}/valid.acc.ave.pth" for name in RECOGNIZERS]
    files += ["exp/aligner/valid.loss.ave.pth", "exp/lm/valid.loss.ave.pth"]
    files += ["dump/raw/dt05_simu_isolated_1ch_track/spk1.scp", "exp/RESULTS_output.md"]
    files += [f"exp/{name}/decode_ctc_output/x" for name in ("asr_clean", "asr_multi_output")]
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    return directory


def run(directory, *options):
    return subprocess.run(
        ["./enh_kd.sh", "--ngpu", "0", "--decoder", "ctc_greedy", *options],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
    )


def test_no_stage_reads_a_real_set(recipe):
    result = run(recipe, "--real", "false", "--kd_config", "conf/kd/output.yaml")
    assert result.returncode == 0, result.stderr
    commands = re.findall(r"^(?:PY|RUN) .*", result.stdout, re.MULTILINE)
    assert len(commands) > 20
    commands = [re.sub("<--(corpus|train_real_set)> <>", "", line) for line in commands]
    assert [line for line in commands if re.search("05_real|<>|/>|//", line)] == []
    assert result.stdout.count("skipped: no real recordings\n") == 1


def test_with_real_recordings_all_sets_are_read(recipe):
    (recipe / "data/tr05_real_isolated_1ch_track").mkdir(parents=True)
    (recipe / "data/tr05_real_isolated_1ch_track/wav.scp").touch()
    result = run(recipe, "--kd_config", "conf/kd/output.yaml")
    assert result.returncode == 0, result.stderr
    for part in ("tr05", "dt05", "et05"):
        assert f"{part}_real_isolated_1ch_track" in result.stdout
    assert "skipped" not in result.stdout


def test_a_student_without_method_is_refused_before_any_stage(recipe):
    result = run(recipe, "--real", "false")
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: --kd_config: is empty, but a student on stored pseudo-ref")
    would_run = line.split("would run: ")[1].split()
    assert {"none", "output", "cosine"} <= set(would_run)
    assert not {"student", "gtcrn_student", "latent_mixup", "remixit_ema"} & set(would_run)
    assert not [name for name in would_run if name.endswith("text_informed")]


def test_background_recordings_allow_latent_mixup(recipe):
    (recipe / "data").mkdir()
    (recipe / "data/noise.scp").touch()
    assert " latent_mixup " in run(recipe, "--real", "false").stderr


def test_stages_before_the_student_need_no_method(recipe):
    assert run(recipe, "--real", "false", "--stop_stage", "7").returncode == 0


def test_the_comparison_needs_real_recordings(recipe):
    result = run(recipe, "--real", "false", "--stage_dir", "compare")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: --stage_dir: 'compare' needs real recordings")


def test_missing_real_recordings_name_the_option(recipe):
    (recipe / "data/tr05_simu_isolated_1ch_track").mkdir(parents=True)
    (recipe / "data/tr05_simu_isolated_1ch_track/wav.scp").touch()
    result = run(recipe, "--stop_stage", "1")
    assert result.returncode == 1
    assert "no real recordings; add --real false\n" in result.stderr
