"""docs/data.md: run its commands in one shell, in a copy of the checkout, and compare outputs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from espnet_kd.data.kaldi_dir import read_set

from .page import Outcome, dead_links, faults, read_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/data.md"
NOT_EVAL = {"train", "clean"}  # sets that are not in the stages' eval_sets


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> tuple[Path, list[Outcome]]:
    """Run all commands of the page; return the root of the checkout and the outcomes."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "egs2/TEMPLATE", root / "egs2/TEMPLATE", symlinks=True)
    for name in ("conf", "espnet_kd"):
        (root / name).symlink_to(ROOT / name)
    page = read_page(PAGE)
    for name, content in page.files.items():
        (root / name).write_text(content)
    script = [
        f"{{ {command.text}\n}} > {root}/{number}.out 2>&1; echo $? > {root}/{number}.status"
        for number, command in enumerate(page.commands)
    ]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(root),
    }
    subprocess.run(["bash", "-c", "\n".join(script)], cwd=root, env=environment, check=True)
    outcomes = []
    for number, command in enumerate(page.commands):
        status = int((root / f"{number}.status").read_text())
        outcomes.append(Outcome(command, status, (root / f"{number}.out").read_text()))
    return root, outcomes


def test_commands_do_what_the_page_shows(followed):
    wrong = faults(followed[1])
    assert not wrong, "\n\n".join(wrong)


def test_page_has_runs_and_mistakes(followed):
    """Otherwise, the test above could pass because nothing was read."""
    _, outcomes = followed
    assert sum("./run.sh" in outcome.command.words for outcome in outcomes) == 2
    assert sum("error: " in line for o in outcomes for line in o.command.shown) == 5


def test_stage_2_has_all_sets(followed):
    raw = followed[0] / "egs2/toy/enh_kd1/dump/raw"
    sizes = {path.name: len(read_set(path)["text"]) for path in raw.iterdir()}
    parts = ("train", "valid", "test")
    expected = {f"{p}_{k}": n for p in parts for k, n in (("simu", 2), ("real", 1), ("clean", 2))}
    assert sizes == {**expected, "train_simu_sp": 6}
    assert (raw / "test_simu/text_exchanged").exists()


def test_copy_is_used_where_requested(followed):
    written = read_set(followed[0] / "toy/data/train_real")
    assert list(written["wav.scp"].values()) == [
        f"{followed[0]}/toy/copies{followed[0]}/toy/audio/fast.wav.wav"
    ]


def test_table_lists_the_stages_that_read_each_set():
    told = re.findall(r"^\| `(\w+)_(\w+)` \| ([\d ]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(told) == 9
    for part, kind, stages in told:
        option = f"clean_{part}_set" if kind == "clean" else f"{part}_{kind}_set"
        names = [f"${{{option}}}", *(["eval_sets["] if {part, kind}.isdisjoint(NOT_EVAL) else [])]
        readers = [
            str(int(path.name[:2]))
            for path in sorted((ROOT / "egs2/TEMPLATE/enh_kd1/stages").iterdir())
            if any(name in path.read_text() for name in names)
        ]
        assert stages.split() == readers, option


def test_links_of_the_page_exist():
    assert dead_links(PAGE) == []
