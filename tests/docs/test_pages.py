"""docs/add_a_loss.md and add_a_student.md: run them in an empty folder and compare outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml

from .page import Outcome, Page, dead_links, faults, read_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = ("add_a_loss.md", "add_a_student.md")  # the second continues in the folder of the first


@dataclass
class Followed:
    """The folder after all commands of the pages, and their outcomes."""

    folder: Path
    pages: dict[str, Page]
    outcomes: dict[str, list[Outcome]]


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Followed:
    """Write all files of both pages and run all their commands, in order."""
    folder = tmp_path_factory.mktemp("pages")
    pages = {name: read_page(DOCS / name) for name in PAGES}
    for page in pages.values():
        for name, content in page.files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            assert not (folder / name).exists(), f"two files {name}"
            (folder / name).write_text(content)
    words = [command.words for page in pages.values() for command in page.commands]
    runner = [sys.executable, str(Path(__file__).with_name("run_commands.py"))]
    done = subprocess.run(
        runner, cwd=folder, input=json.dumps(words), stdout=subprocess.PIPE, text=True, check=True
    )
    results = iter(json.loads(done.stdout))
    outcomes = {
        name: [Outcome(command, *next(results)) for command in page.commands]
        for name, page in pages.items()
    }
    return Followed(folder, pages, outcomes)


@pytest.mark.parametrize("name", PAGES)
def test_commands_do_what_the_page_shows(followed, name):
    wrong = faults(followed.outcomes[name])
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("name", PAGES)
def test_page_has_files_tests_trainings_and_mistakes(followed, name):
    """Otherwise, the tests above could pass because nothing was read."""
    outcomes = followed.outcomes[name]
    assert len(followed.pages[name].files) >= 5
    assert sum("pytest" in outcome.command.words for outcome in outcomes) == 1
    assert sum("error: " in line for o in outcomes for line in o.command.shown) >= 4


@pytest.mark.parametrize("student", ["exp/student", "exp/two_step", "exp/tiny"])
def test_students_load_and_enhance(followed, student, monkeypatch):
    from espnet_kd.tasks.trained import load_model

    monkeypatch.syspath_prepend(followed.folder)
    exp = followed.folder / student
    model, args = load_model(exp / "config.yaml", exp / "valid.si_snr_loss.ave.pth")
    assert args.separator == ("tiny" if student == "exp/tiny" else "tcn")
    signal, _ = model.enhance(torch.randn(1, 800), torch.tensor([800]))
    assert signal.shape == (1, 800) and signal.isfinite().all()


def test_stages_train_what_they_say(followed):
    stages = [
        followed.folder / "exp/two_step" / name for name in ("stage1_distill", "stage2_supervised")
    ]
    first, second = (yaml.safe_load((stage / "config.yaml").read_text()) for stage in stages)
    assert first["kd_losses"]["envelope"]["weight"] == 10.0 and first["supervised_weight"] == 0.0
    assert second["kd_losses"] == {} and second["supervised_weight"] == 1.0
    distilled = torch.load(stages[0] / "valid.envelope.ave.pth")
    start = torch.load(followed.folder / second["init_param"][0])
    assert start.keys() == distilled.keys()
    assert all(torch.equal(start[key], value) for key, value in distilled.items())


def test_published_student_is_stock(followed):
    from espnet2.enh.espnet_model import ESPnetEnhancementModel
    from espnet2.tasks.enh import EnhancementTask

    published = followed.folder / "published"
    model, _ = EnhancementTask.build_model_from_file(
        published / "config.yaml", published / "model.pth", "cpu"
    )
    assert type(model) is ESPnetEnhancementModel
    weights = torch.load(published / "model.pth")
    trained = torch.load(followed.folder / "exp/student/valid.si_snr_loss.ave.pth")
    assert weights.keys() == model.state_dict().keys() == trained.keys()
    assert all(torch.equal(weights[key], trained[key]) for key in weights)


def test_enhanced_set_is_written(followed):
    lines = (followed.folder / "enhanced/toy/wav.scp").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["S0_SIMU", "S1_SIMU", "S2_REAL", "S3_REAL"]


def test_links_of_the_pages_exist():
    assert {name: dead_links(DOCS / name) for name in PAGES} == {name: [] for name in PAGES}
