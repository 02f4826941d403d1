"""docs/deploy.md: run its commands with a tiny model and compare outputs."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd import host

from ..tiny_models import STUDENT, write_enhancement_model
from .page import Outcome, dead_links, faults, read_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/deploy.md"


def runs_here(words: list[str]) -> bool:
    """Whether the installed ESPnet has what a command needs."""
    if words[0] == "espnet":
        return not host.is_before(202611)
    return words[0] != "python" or importlib.util.find_spec("espnet_model_zoo") is not None


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> tuple[Path, list[Outcome]]:
    """Write what the page assumes, run its commands; return the folder and the outcomes."""
    folder = tmp_path_factory.mktemp("deploy")
    config, weights = write_enhancement_model(folder / "exp/student", STUDENT)
    weights.rename(config.with_name("valid.si_snr_loss.ave.pth"))
    shutil.copy(ROOT / "egs2/mini_chime4/enh_kd1/RESULTS.md", folder)
    noise = 0.1 * np.random.default_rng(0).standard_normal(48000)
    soundfile.write(folder / "noisy.wav", noise[:40000], 16000)
    (folder / "recordings").mkdir()
    soundfile.write(folder / "recordings/a.wav", np.stack([noise, noise], 1), 48000)
    soundfile.write(folder / "recordings/b.mp3", noise[:32000], 16000)
    (folder / "recordings/notes.txt").write_text("text")
    page = read_page(PAGE)
    for name, content in page.files.items():
        (folder / name).write_text(content)
    commands = [command for command in page.commands if runs_here(command.words)]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_commands.py"))],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        input=json.dumps([command.words for command in commands]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    results = json.loads(done.stdout)
    return folder, [Outcome(c, *r) for c, r in zip(commands, results, strict=True)]


def test_commands_do_what_the_page_shows(followed):
    wrong = faults(followed[1])
    assert not wrong, "\n\n".join(wrong)


def test_page_has_runs_and_mistakes(followed):
    """Otherwise, the test above could pass because nothing was read."""
    _, outcomes = followed
    assert sum(outcome.command.words[0] == "espnet-kd" for outcome in outcomes) == 8
    assert sum("error: " in line for o in outcomes for line in o.command.shown) == 2


def test_outputs_are_there(followed):
    folder, _ = followed
    info = soundfile.info(folder / "enhanced/a.wav")
    assert (info.samplerate, info.channels, info.frames) == (48000, 2, 48000)
    assert (folder / "enhanced/b.mp3").is_file() and not (folder / "enhanced/notes.txt").exists()
    given, packed = (soundfile.read(folder / n)[0] for n in ("enhanced.wav", "packed.flac"))
    np.testing.assert_array_equal(given, packed)


def test_links_of_the_page_exist():
    assert dead_links(PAGE) == []
