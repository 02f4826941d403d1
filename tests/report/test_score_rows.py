"""Finding a system's scores on a page."""

from __future__ import annotations

from pathlib import Path

from espnet_kd.report.score_rows import all_metrics, score_tables, sections

ROOT = Path(__file__).parents[2]
PAGE = """# RESULTS
## Table 1: SE
| SE model | dt05 PESQ | dt05 SI-SNR [dB] |
| --- | --: | --: |
| Noisy input | 1.34 [1.23, 1.46] | 6 [5, 7] |
| Student | 2.03 [1.93, 2.13] | 7 [6, 8] |
| Student + OA | 2.00 [1.93, 2.13] | 7 [6, 8] |

| difference | dt05 |
| --- | --: |
| Student − Noisy input | +4.08 [+3.68, +4.48] better |
## Table 2: WER (%)
| ASR input | dt05 |
| --- | --: |
| Noisy input | 40 [30, 50] |
| Student | 30 [20, 40] |
## Models
| model | parameters [M] |
| --- | --: |
| Student | 0.820 |
"""


def test_only_scores_of_the_system_and_of_noisy_speech():
    tables = score_tables(PAGE, "student")
    assert [table.heading for table in tables] == [
        "Table 1: SE",
        "Table 2: WER (%)",
    ]
    assert [line.split(" | ")[0] for line in tables[0].lines] == [
        "| SE model",
        "| ---",
        "| Noisy input",
        "| Student",
    ]
    assert all_metrics(tables) == ["pesq", "si_snr", "wer"]
    assert list(sections(tables))[::2] == [
        "### Table 1: SE",
        "### Table 2: WER (%)",
    ]


def test_a_system_without_scores():
    assert score_tables(PAGE, "teacher") == []
    assert score_tables("no table", "student") == []


def test_the_project_s_own_pages():
    folder = ROOT / "egs2/mini_chime4/enh_kd1"
    results = score_tables((folder / "RESULTS.md").read_text(), "student")
    assert all_metrics(results) == ["pesq", "stoi", "sdr", "si_snr", "wer"]
    methods = score_tables((folder / "COMPARISON.md").read_text(), "latent_mixup")
    assert methods and all(len(table.lines) in (3, 4) for table in methods)
