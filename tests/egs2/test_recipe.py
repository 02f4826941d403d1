"""Shell code of the recipe, run in a copy with stages that only print their number."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "egs2" / "TEMPLATE" / "enh_kd1"
MINI = ROOT / "egs2" / "mini_chime4" / "enh_kd1"
STAGES = sorted((TEMPLATE / "stages").glob("*.sh"))
COMPARE = sorted((TEMPLATE / "compare").glob("*.sh"))
EVIDENCE = sorted((TEMPLATE / "evidence").glob("*.sh"))


def run(directory, *command, **environment):
    return subprocess.run(
        command,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **environment},
    )


@pytest.fixture
def recipe(tmp_path):
    """Make a recipe directory with three stages; the second fails if there is a file `fail`."""
    directory = tmp_path / "egs2" / "x" / "enh_kd1"
    shutil.copytree(TEMPLATE, directory, ignore=shutil.ignore_patterns("stages"))
    (directory / "path.sh").write_text("")
    (directory / "stages").mkdir()
    for number, name in enumerate(("data", "train", "score"), 1):
        (directory / "stages" / f"{number:02d}_{name}.sh").write_text(
            f"#!/usr/bin/env bash\n# Stage {number}: {name}.\n"
            f'echo "ran {number} nj=${{nj}} sets=${{#eval_sets[@]}}"\n'
            "if [ -e fail ] && [ ${number} = 2 ]; then false; fi\n"
        )
    return directory


def ran(result):
    return [int(number) for number in re.findall(r"^ran (\d)", result.stdout, re.MULTILINE)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", [1, 2, 3]),
        ("--stage 2", [2, 3]),
        ("--stop-stage 2", [1, 2]),
        ("--stage 2 --stop_stage 2", [2]),
        ("--stage 4", []),
    ],
)
def test_stage_range(recipe, options, expected):
    result = run(recipe, "./enh_kd.sh", *options.split())
    assert (result.returncode, ran(result)) == (0, expected), result.stderr


def test_a_long_option_block_is_read(recipe):
    """The block exceeds a pipe's buffer, so a reader that stops early would break the writer."""
    script = recipe / "enh_kd.sh"
    more = "".join(f"# {'long ' * 50}{number}\n" for number in range(1000))
    script.write_text(script.read_text().replace("# Data\n", f"# Data\n{more}"))
    result = run(recipe, "./enh_kd.sh", "--stage", "3", "--ngpu", "0", "--report_opts", "x")
    assert (result.returncode, ran(result)) == (0, [3]), result.stderr


def test_time_of_each_stage_is_reported(recipe):
    result = run(recipe, "./enh_kd.sh")
    summary = result.stdout.split("Time by stage:")[1]
    assert re.findall(r"\d+ s  (.*)", summary) == [
        "Stage 1: data.",
        "Stage 2: train.",
        "Stage 3: score.",
    ]


def test_a_failing_stage_stops_the_recipe_and_is_named(recipe):
    (recipe / "fail").touch()
    result = run(recipe, "./enh_kd.sh")
    assert (result.returncode, ran(result)) == (1, [1, 2])
    assert "stage 2 stopped; fix the cause and continue with --stage 2" in result.stderr


@pytest.mark.parametrize("option", ["--inference_nj", "--inference-nj"])
def test_dash_and_underscore_are_the_same(recipe, option):
    script = recipe / "stages" / "01_data.sh"
    script.write_text(script.read_text() + 'echo "inference_nj=${inference_nj}"\n')
    assert "inference_nj=7" in run(recipe, "./enh_kd.sh", option, "7").stdout


@pytest.mark.parametrize(
    ("options", "gpus"),
    [
        ("--ngpu 0", 0),
        ("--ngpu 1", 1),
        ("--ngpu 4", 1),
        ("--ngpu 1 --gpu_inference false", 0),
        ("--ngpu 0 --gpu_inference true", 1),
    ],
)
def test_inference_uses_a_gpu_if_training_does(recipe, options, gpus):
    script = recipe / "stages" / "01_data.sh"
    script.write_text(script.read_text() + 'echo "inference_ngpu=${inference_ngpu}"\n')
    assert f"inference_ngpu={gpus}\n" in run(recipe, "./enh_kd.sh", *options.split()).stdout


EXPDIR = (
    "error: --expdir: '{}' is empty or has a colon, a comma or white space; choose another "
    "directory, or link to it"
)


@pytest.mark.brings("lists", "a colon or a comma in --expdir or --dumpdir", "before any stage")
@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--nosuch 1", "error: --nosuch: no such option (write --name value); --help lists them"),
        ("--number 1", "error: --number: no such option (write --name value); --help lists them"),
        ("--nj=3", "error: --nj=3: no such option (write --name value); --help lists them"),
        ("--nj", "error: --nj: has no value; write --nj VALUE"),
        ("--use_lm maybe", "error: --use_lm: 'maybe' is neither true nor false"),
        ("--gpu_inference 1", "error: --gpu_inference: '1' is neither true nor false"),
        ("--stage five", "error: --stage: 'five' is not a number"),
        ("--expdir a:b", EXPDIR.format("a:b")),
        ("--expdir a,b", EXPDIR.format("a,b")),
        ("5", "error: 5: is not an option; --help lists them"),
    ],
)
def test_a_bad_option_is_one_line_and_runs_nothing(recipe, options, line):
    result = run(recipe, "./enh_kd.sh", *options.split())
    assert (result.returncode, result.stdout, result.stderr.splitlines()) == (1, "", [line])


def test_a_data_option_without_a_value_is_one_line(recipe):
    shutil.copy(TEMPLATE / "stages/01_data.sh", recipe / "stages")
    result = run(
        recipe, "./enh_kd.sh", "--local_data_opts", "--nj 2 --resample", "--stop_stage", "1"
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: --local_data_opts: '--nj 2 --resample' is not a list ")
    assert "unbound" not in result.stderr


@pytest.mark.parametrize("name", ["chime4", "mini_chime4"])
def test_help_lists_options_and_all_stages(name):
    result = run(ROOT / "egs2" / name / "enh_kd1", "./run.sh", "--help")
    assert result.returncode == 0, result.stderr
    listed = re.findall(r"^  Stage (\d+): ", result.stdout, re.MULTILINE)
    counts = [len(directory) for directory in (STAGES, COMPARE, EVIDENCE)]
    assert listed == [str(n) for count in counts for n in range(1, count + 1)]
    for option in ("stage", "stop_stage", "ngpu", "nj", "inference_nj", "expdir", "dumpdir"):
        assert f"  --{option} " in result.stdout


@pytest.mark.parametrize("stage", STAGES + COMPARE + EVIDENCE, ids=lambda path: path.name)
def test_stage_head_says_what_it_reads_and_writes(stage):
    head = stage.read_text().split("\n\n")[0].splitlines()
    number = int(stage.name[:2])
    assert head[0] == "#!/usr/bin/env bash"
    assert head[1].startswith(f"# Stage {number}: ")
    assert [line for line in head if line.startswith("# Reads: ")]
    assert [line for line in head if line.startswith("# Writes: ")]


@pytest.mark.parametrize("stage", STAGES + COMPARE + EVIDENCE, ids=lambda path: path.name)
def test_every_variable_of_a_stage_is_set_somewhere(stage):
    sources = [TEMPLATE / "enh_kd.sh", TEMPLATE / "cmd.sh", stage]
    text = "\n".join(path.read_text() for path in sources)
    assigned = set(re.findall(r"(?:^|\s)([a-z_]+)\+?=", text, re.MULTILINE))
    assigned |= set(re.findall(r"\b(?:for|mapfile -t|read -ra) ([a-z_]+) (?:in|<)", text))
    read = set(re.findall(r"\$\{[#!]?([a-z_]+)", stage.read_text()))
    assert read <= assigned


@pytest.mark.parametrize(
    "option", ["min_wav_duration", "max_wav_duration", "speed_perturb_factors"]
)
def test_limits_and_speeds_hold_wherever_sets_are_prepared(option):
    """Simulated and real training sets are prepared in different places."""
    paths = [*STAGES, *(TEMPLATE / "scripts").glob("*.sh")]
    texts = [path.read_text() for path in paths if "bin.prepare_dump" in path.read_text()]
    assert len(texts) == 3
    assert all(f'--{option} "${{{option}}}"' in text for text in texts)


def test_the_script_is_short_and_stages_are_consecutive():
    assert len((TEMPLATE / "enh_kd.sh").read_text().splitlines()) < 150
    assert [int(path.name[:2]) for path in STAGES] == list(range(1, len(STAGES) + 1))


def test_empty_db_is_one_line():
    result = run(ROOT / "egs2" / "chime4" / "enh_kd1", "local/data.sh")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "error: db.sh: CHIME4 is empty; fill in the directory that holds CHiME-4's data/"
    ]


def test_unknown_cmd_backend_is_one_line(recipe):
    result = run(recipe, "./enh_kd.sh", cmd_backend="cloud")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "error: cmd.sh: cmd_backend is 'cloud'; use local, stdout, slurm, sge, ssh or pbs"
    ]


@pytest.mark.parametrize("backend", ["stdout", "slurm", "sge", "ssh", "pbs"])
def test_another_backend_needs_its_launcher(recipe, backend):
    launcher = "utils/queue.pl" if backend == "sge" else f"utils/{backend}.pl"
    script = recipe / "stages" / "01_data.sh"
    script.write_text(script.read_text() + 'echo "${cuda_cmd} ${decode_cmd} ${train_cmd}"\n')
    absent = run(recipe, "./enh_kd.sh", cmd_backend=backend)
    assert absent.returncode == 1
    assert absent.stderr.startswith(f"error: {launcher}: does not exist; ")
    (recipe / "utils").mkdir()
    (recipe / launcher).touch(mode=0o755)
    assert " ".join([launcher] * 3) in run(recipe, "./enh_kd.sh", cmd_backend=backend).stdout


def test_the_package_comes_from_the_checkout_of_the_scripts(tmp_path):
    """It follows the links of a recipe; local/path.sh may change the Python before the check."""
    (tmp_path / "local").mkdir()
    (tmp_path / "path.sh").symlink_to(TEMPLATE / "path.sh")
    (tmp_path / "local" / "path.sh").write_text("export PYTHONPATH=mine\npython3() { true; }\n")
    done = run(tmp_path, "bash", "-euo", "pipefail", "-c", '. ./path.sh; echo "${PYTHONPATH}"')
    assert (done.returncode, done.stdout) == (0, f"{ROOT}:mine\n"), done.stderr


@pytest.mark.parametrize(
    ("script", "count"),
    [
        (TEMPLATE / "enh_kd.sh", 8),
        (MINI / "local" / "options.sh", 8),
        (ROOT / "egs2" / "medium_chime4" / "enh_kd1" / "run.sh", 3),
    ],
)
def test_named_configurations_exist(script, count):
    named = re.findall(r"\bconf/[\w/]+\.yaml", script.read_text())
    assert len(named) == count
    assert [name for name in named if not (ROOT / name).is_file()] == []
