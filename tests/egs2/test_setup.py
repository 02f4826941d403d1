"""setup.sh: recipes in an ESPnet checkout, and a new recipe in this checkout."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .espnet_skeleton import write_checkout

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "egs2/TEMPLATE/enh_kd1"
SYSTEM = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}


def run(directory, *command, **environment):
    return subprocess.run(
        [str(word) for word in command],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        env={**SYSTEM, **environment},
    )


def set_up(directory, template=TEMPLATE):
    return run("/", template / "setup.sh", directory)


def tree(directory) -> dict[str, str]:
    """Return the content of every file and the target of every link."""
    return {
        str(path.relative_to(directory)): os.readlink(path) if path.is_symlink() else read(path)
        for path in sorted(directory.rglob("*"))
    }


def read(path):
    return path.read_text() if path.is_file() else "folder"


@pytest.fixture
def espnet(tmp_path):
    return write_checkout(tmp_path / "espnet")


@pytest.fixture
def recipe(espnet):
    """Set up the recipe for CHiME-4 in the ESPnet checkout."""
    directory = espnet / "egs2/chime4/enh_kd1"
    done = set_up(directory)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def ours(tmp_path):
    """Copy the parts of this checkout that its recipes need."""
    for name in ("egs2", "conf"):
        ignored = shutil.ignore_patterns("data", "dump", "exp", "corpus", "truth", "*.png", "*.md")
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=ignored)
    (tmp_path / "espnet_kd").mkdir()
    return tmp_path


def test_only_one_link_leaves_the_checkout(espnet, recipe):
    leaving = []
    for path in (espnet / "egs2").rglob("*"):
        if path.is_symlink():
            assert not os.path.isabs(os.readlink(path)) and path.exists(), path
            inside = Path(os.path.abspath(path.parent / os.readlink(path))).is_relative_to(espnet)
            leaving += [] if inside else [path.relative_to(espnet).as_posix()]
    assert leaving == ["egs2/TEMPLATE/enh_kd1"]
    assert (espnet / "egs2/TEMPLATE/enh_kd1").samefile(TEMPLATE)


def test_the_checkouts_files_are_used(espnet, recipe):
    asr1 = espnet / "egs2/TEMPLATE/asr1"
    names = ("cmd.sh", "conf/slurm.conf", "conf/queue.conf", "conf/pbs.conf", "utils/run.pl")
    for name in names:
        assert filecmp.cmp(recipe / name, asr1 / name, shallow=False), name
    assert (recipe / "utils").samefile(asr1 / "utils")
    assert tree(recipe / "conf/kd") == tree(ROOT / "conf/kd")
    for name in ("run.sh", "db.sh", "local/data.sh"):
        assert (recipe / name).read_text() == (ROOT / "egs2/chime4/enh_kd1" / name).read_text()


def test_running_it_again_changes_nothing(recipe):
    for name in ("db.sh", "cmd.sh", "conf/slurm.conf", "conf/se/conv_tasnet.yaml", "local/data.sh"):
        with (recipe / name).open("a") as file:
            file.write("# mine\n")
    (recipe / "conf/kd/mine.yaml").touch()
    before = tree(recipe)
    done = set_up(recipe)
    assert done.returncode == 0, done.stderr
    assert tree(recipe) == before
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"kept"}


@pytest.mark.parametrize("found", ["file", "folder", "link", "dangling"])
def test_files_in_the_way_are_rejected_before_any_change(espnet, found):
    recipe = espnet / "egs2/chime4/enh_kd1"
    recipe.mkdir(parents=True)
    way = recipe / "stages"
    {
        "file": way.touch,
        "folder": way.mkdir,
        "link": lambda: way.symlink_to(espnet / "tools"),
        "dangling": lambda: way.symlink_to("nowhere"),
    }[found]()
    before = tree(espnet)
    done = set_up(recipe)
    assert (done.returncode, done.stdout, tree(espnet)) == (1, "", before)
    assert done.stderr == (
        f"error: {way}: exists and is not a link to ../../TEMPLATE/enh_kd1/stages; move it away\n"
    )


@pytest.mark.parametrize("name", ["chime4/enh_kd1", "egs2/chime4", "egs2/TEMPLATE/enh_kd1"])
def test_a_folder_that_is_not_a_recipe_is_one_line(espnet, name):
    before = tree(espnet)
    done = set_up(espnet / name)
    assert (done.returncode, tree(espnet)) == (1, before)
    assert done.stderr.startswith(
        f"error: {espnet / name}: is not egs2/CORPUS/enh_kd1 of a checkout"
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--help"]])
def test_arguments_other_than_one_folder_are_one_line(words):
    done = run("/", TEMPLATE / "setup.sh", *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_help_works_in_the_checkout(recipe):
    done = run(recipe, "./run.sh", "--help")
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^  Stage \d+: ", done.stdout, re.MULTILINE)) == 22
    assert "--cmd" not in done.stdout and not (recipe / "called").exists()


def train_baseline(recipe):
    """Run stage 4 with the only input that the shell itself checks."""
    valid = recipe / "dump/raw/dt05_simu_isolated_1ch_track"
    valid.mkdir(parents=True)
    (valid / "spk1.scp").touch()
    options = "--stage 4 --stop_stage 4 --ngpu 2 --num_threads 3"
    done = run(recipe, "./run.sh", *options.split())
    assert done.returncode == 0, done.stdout + done.stderr
    return (recipe / "called").read_text(), (recipe / "launched").read_text().splitlines()


def test_a_training_runs_on_the_checkouts_launcher_and_python(recipe):
    called, launched = train_baseline(recipe)
    assert launched == ["run.pl --gpu 2 --num_threads 3"]
    training = called.splitlines()[-1]
    assert training.startswith(f"PYTHONPATH={ROOT} EXTRA=tools -m espnet_kd.bin.enh_kd_train")
    assert training.endswith("--output_dir exp/baseline")
    assert (recipe / "exp/baseline/train.log").exists()


def test_jobs_are_numbered_by_the_checkouts_launcher(recipe):
    joint = recipe / "dump/eval_joint"
    joint.mkdir(parents=True)
    for job in (1, 2):
        (joint / f"keys.{job}.scp").touch()
    options = "--stage 13 --stop_stage 13 --ngpu 2"
    done = run(recipe, "./run.sh", *options.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert (recipe / "launched").read_text().splitlines() == 2 * ["run.pl --gpu 1"]
    called = (recipe / "called").read_text()
    assert "join_sets --splits 2 " in called  # one for each GPU
    for job in (1, 2):
        assert called.count(f"espnet_kd.bin.stock --job {job} espnet2.bin.asr_inference ") == 2
        assert called.count(f"--key_file dump/eval_joint/keys.{job}.scp") == 2
        for asr in ("asr_clean", "asr_multi"):
            assert f"--output_dir exp/{asr}/decode/output.{job} " in called
            assert (recipe / f"exp/{asr}/decode/asr_inference.{job}.log").exists()
    assert "JOB" not in called


def test_steps_that_need_a_gpu_run_on_the_launcher(recipe):
    """enh_kd.sh itself may run on a login node without a GPU."""
    model = recipe / "exp/aligner/valid.loss.ave.pth"
    model.parent.mkdir(parents=True)
    model.touch()
    done = run(recipe, "./run.sh", "--stage", "5", "--stop_stage", "5", "--ngpu", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    called = (recipe / "called").read_text().splitlines()
    assert sum("--ngpu 1" in line for line in called) == 2
    assert (recipe / "launched").read_text().splitlines() == 2 * ["run.pl --gpu 1"]


def test_another_backend_reads_its_configuration_from_the_recipe(recipe):
    cmd = recipe / "cmd.sh"
    cmd.write_text(cmd.read_text().replace("cmd_backend='local'", "cmd_backend='slurm'"))
    (recipe / "conf/slurm.conf").write_text("option gpu=* -p mine\n")
    _, launched = train_baseline(recipe)
    assert launched == ["slurm.pl --gpu 2 --num_threads 3", "option gpu=* -p mine"]


def test_the_checkouts_db_names_the_corpus(espnet, recipe):
    empty = run(recipe, "./run.sh", "--stop_stage", "1")
    assert "error: db.sh: CHIME4 is empty" in empty.stderr
    (espnet / "egs2/TEMPLATE/asr1/db.sh").write_text("CHIME4=/corpora/chime4\n")
    done = run(recipe, "./run.sh", "--stop_stage", "1")
    assert done.returncode == 0, done.stderr
    assert "prepare_chime4 --corpus /corpora/chime4" in (recipe / "called").read_text()


def test_a_python_without_the_packages_is_one_line(tmp_path):
    fails = '#!/usr/bin/env bash\ncase "$*" in *espnet_kd*) exit 1 ;; esac\n'
    espnet = write_checkout(tmp_path / "espnet", python=fails)
    assert set_up(espnet / "egs2/chime4/enh_kd1").returncode == 0
    done = run(espnet / "egs2/chime4/enh_kd1", "./run.sh", "--stage", "4")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {espnet}/tools/bin/python3: has no espnet_kd; ")
    assert len(done.stderr.splitlines()) == 1


def test_an_older_checkout_uses_kaldis_launchers(espnet):
    kaldi = espnet / "tools/kaldi/egs/wsj/s5"
    kaldi.mkdir(parents=True)
    shutil.move(espnet / "egs2/TEMPLATE/asr1/utils", kaldi / "utils")
    recipe = espnet / "egs2/chime4/enh_kd1"
    assert set_up(recipe).returncode == 0
    assert (recipe / "utils").samefile(kaldi / "utils")
    assert train_baseline(recipe)[1] == ["run.pl --gpu 2 --num_threads 3"]


def test_a_checkout_without_launchers_gets_ours(espnet):
    shutil.rmtree(espnet / "egs2/TEMPLATE/asr1/utils")
    recipe = espnet / "egs2/chime4/enh_kd1"
    assert set_up(recipe).returncode == 0
    assert (recipe / "cmd.sh").samefile(TEMPLATE / "cmd.sh") and not (recipe / "utils").exists()


@pytest.mark.parametrize("corpus", ["chime4", "mini_chime4"])
def test_our_own_recipes_are_already_complete(ours, corpus):
    directory = ours / "egs2" / corpus / "enh_kd1"
    before = tree(ours)
    done = set_up(directory, ours / "egs2/TEMPLATE/enh_kd1")
    assert done.returncode == 0, done.stderr
    assert tree(ours) == before


@pytest.mark.parametrize("where", ["here", "espnet"])
def test_a_recipe_for_your_own_corpus(ours, espnet, where):
    checkout = ours if where == "here" else espnet
    recipe = checkout / "egs2/mine/enh_kd1"
    template = ours / "egs2/TEMPLATE/enh_kd1"
    done = set_up(recipe, template)
    assert done.returncode == 0, done.stderr
    for name, source in {
        "run.sh": "run_own.sh",
        "db.sh": "db_own.sh",
        "local/data.sh": "local/data_own.sh",
    }.items():
        assert (recipe / name).read_text() == (template / source).read_text()
        assert os.access(recipe / name, os.X_OK) == os.access(template / source, os.X_OK)
    assert (recipe / "conf").is_symlink() == (where == "here")
    done = run(recipe, "./run.sh", "--help")
    assert done.returncode == 0, done.stderr
