"""The benchmark of training steps, on half a second of audio."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.kd_step_cost import main
from benchmarks.workload import METHODS, NO_METHODS, OTHER_STUDENTS, SIZES
from espnet_kd import host

host.prepare()

METHODS_HERE = ["two_step", "text_informed", "latent_mixup", "output", "none"]
RATIO = re.compile(r"(\d+\.\d\d) \[(\d+\.\d\d), (\d+\.\d\d)\]")


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the rows of the only table of a page, by their first cell."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert {len(row) for row in lines} == {9}
    return {name: cells for name, *cells in lines[2:]}


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """The page that the command writes; the number of threads is restored."""
    path = tmp_path_factory.mktemp("page") / "RESULTS.md"
    threads = torch.get_num_threads()
    options = ["--rounds", "3", "--threads", "1", "--ngpu", "0", "--out", str(path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "mini", replace(SIZES["mini"], utterances=2, seconds=0.5))
        main(["--size", "mini", "--methods", *METHODS_HERE, *options])
    torch.set_num_threads(threads)
    return path.read_text()


def test_page_says_how_it_was_measured(page):
    assert "## Training step of KD methods, mini size, CPU\n" in page
    assert "- CPU threads: `1`\n- batch: 2 utterances, the longest 0.5 s; 3 rounds\n" in page
    assert f"--size mini --methods {' '.join(METHODS_HERE)} --rounds 3" in page


def test_batches_and_losses(page):
    rows = rows_of(page)
    assert [(name, row[0]) for name, row in rows.items()] == [
        ("none", "SIMU"),
        ("output", "SIMU"),
        ("two_step/stage1_distill", "SIMU"),
        ("latent_mixup", "SIMU, two noises"),
        ("text_informed", "REAL"),
    ]
    losses = [re.sub(r"\d+(\.\d+)? ", "", row[1]) for row in rows.values()]
    assert losses == [
        "supervised",
        "supervised + output",
        "gram",
        "supervised + latent_mixup",
        "output",
    ]


def test_numbers_agree(page):
    for name, (_, _, without, distilled, ratio, teacher, share, memory) in rows_of(page).items():
        value, low, high = map(float, RATIO.fullmatch(ratio).groups())
        assert value == pytest.approx(
            int(distilled) / int(without), rel=0.2
        )  # the table rounds times
        assert low <= high
        peaks = [int(peak) for peak in memory.split(", ")]
        assert len(peaks) == 2 and min(peaks) > 0
        if name == "none":
            assert (teacher, share) == ("–", "–")
            assert 0.5 < value < 2
        else:
            expected = int(teacher) / int(distilled)
            assert int(share.strip("%")) / 100 == pytest.approx(expected, rel=0.2, abs=0.02)
            assert value > 1


def test_uformer_teaches_dccrn(tmp_path):
    """At the published size, AT-KL has its own student, whose taps fit only this teacher."""
    from benchmarks.step_costs import measure_methods

    work = replace(SIZES["published"], utterances=1, seconds=0.5)
    (cost,) = measure_methods(["at_kl"], work, "cpu", 1, tmp_path)
    assert cost.loss == "supervised + output + 300 at_kl"
    assert cost.teacher_runs == 1
    assert cost.seconds.keys() == {"without", "with", "teacher"}
    assert (tmp_path / "uformer" / "model.pth").is_file()


def test_every_method_can_be_measured():
    for work in SIZES.values():
        found = {path.stem for path in Path(work.conf, "kd").glob("*.yaml")}
        same_student = {name for name in found if not name.startswith(OTHER_STUDENTS)}
        assert same_student == {*METHODS, *NO_METHODS}


@pytest.mark.parametrize("option", ["--rounds", "--utterances", "--threads"])
def test_rejects_zero(option):
    with pytest.raises(SystemExit, match=f"error: {option}: is 0; give 1 or more"):
        main([option, "0"])
