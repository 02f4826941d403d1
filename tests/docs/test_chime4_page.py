"""egs2/chime4/enh_kd1/README.md: options exist, sums are right, and numbers match the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from espnet_kd import host
from espnet_kd.bin import check_corpus, prepare_chime4
from espnet_kd.report.published import ti_kd_table_1

from .page import dead_links

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "egs2/chime4/enh_kd1"
PAGE = (RECIPE / "README.md").read_text(encoding="utf-8")
# GFLOP per second of two CPU cores in training and in enhancement, and of a GPU, as on the page.
TRAINING, ENHANCEMENT, GPU = 77, 113, 10_000


def rows(start: str) -> list[list[str]]:
    """Return the cells of the table that follows a text."""
    table = re.search(r"(?:^\|.*\n)+", PAGE[PAGE.index(start) :], re.MULTILINE)
    lines = table[0].splitlines()
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def test_options_of_run_sh_exist():
    options = re.findall(r"^(\w+)=", (RECIPE / "enh_kd.sh").read_text(), re.MULTILINE)
    commands = re.findall(r"\./run\.sh ([^`\n#]*)", PAGE)
    shown = {o for c in commands for o in re.findall(r"--(\w+)", re.sub(r'"[^"]*"', "", c))}
    shown |= set(re.findall(r"`--(n\w+|inference_nj|truth_dir)\b", PAGE))
    assert len(shown) >= 10 and {"stage", "se_args", "local_data_opts"} <= shown
    assert shown <= {*options, "help"}


def test_options_inside_quotes_exist():
    host.prepare()
    from espnet_kd.tasks.enh_kd import EnhKDTask

    parsers = {
        "local_data_opts": prepare_chime4.get_parser(),
        "se_args": EnhKDTask.get_parser(),
    }
    found = re.findall(r'--(local_data_opts|se_args) "([^"]*)"', PAGE)
    assert {option for option, _ in found} == parsers.keys()
    for option, value in found:
        known = parsers[option]._option_string_actions
        assert all(name in known for name in re.findall(r"--\w+", value)), value


def test_check_corpus_takes_a_root():
    assert "python -m espnet_kd.bin.check_corpus ROOT" in PAGE
    assert check_corpus.get_parser().parse_args(["ROOT"])


def test_db_sh_has_the_variables_of_the_table():
    told = {name for row in rows("Fill in `db.sh`") for name in re.findall(r"`(\w+)`", row[0])}
    variables = re.findall(r"^(\w+)=", (RECIPE / "db.sh").read_text(), re.MULTILINE)
    assert told == set(variables)


def test_links_exist():
    assert dead_links(RECIPE / "README.md") == []
    titles = re.findall(r"^#+ (.*)", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors


def test_hours_follow_from_the_audio():
    *stages, total = rows("### Hours")
    sums = [0.0, 0.0, 0.0]
    for name, *cells in stages:
        audio, passes, gflop, *told = (float(cell) for cell in cells)
        work = audio * 3600 * passes * gflop / 1e6  # PFLOP
        rate = ENHANCEMENT if passes == 1 else TRAINING
        hours = [work * 1e6 / speed / 3600 for speed in (rate, GPU)]
        assert told == pytest.approx([work, *hours], rel=0.03, abs=0.05), name
        sums = [one + more for one, more in zip(sums, told, strict=True)]
    assert [float(cell) for cell in total[-3:]] == pytest.approx(sums, rel=0.005)
    assert len(stages) == 8


def test_passes_are_those_of_the_configurations():
    configs = {"3": "asr/transformer", "4": "se/conv_tasnet", "5": "asr/ctc_aligner"}
    configs |= {"6": "se/text_informed_tcn_aligned", "8": "se/conv_tasnet", "12": "asr/transformer"}
    for name, _, passes, *_ in rows("### Hours")[:-1]:
        if passes != "1":
            text = (ROOT / f"conf/{configs[name.split()[0]]}.yaml").read_text()
            assert re.search(rf"^max_epoch: {passes}\b", text, re.MULTILINE), name


def test_disk_adds_up():
    *parts, total = rows("### Disk")
    assert sum(float(part[2]) for part in parts) == pytest.approx(float(total[2]), abs=0.6)


def test_published_scores_are_those_of_the_report():
    system, found = "", {}
    for first, source, *cells in rows("### Speech enhancement"):
        system = first or system
        if source == "TI-KD":
            numbers = [float(cell) for cell in cells if cell != "–"]
            found[system] = {
                name: dict(zip(("pesq_raw", "sdr"), numbers[i : i + 2], strict=True))
                for name, i in (("dt05", 0), ("et05", 2))
            }
        elif source == "yours":
            assert not any(cells), "cells for your own results must be empty"
    assert found == ti_kd_table_1(["dt05", "et05"])
