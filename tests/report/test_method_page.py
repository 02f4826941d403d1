from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.report import method_page
from espnet_kd.report.method_page import MethodSources, write_method_page
from espnet_kd.report.model_table import TrainedModel

from ..se_files import DT_SIMU
from .method_root import REAL, SIMU, UTTERANCES, write_se, write_system, write_wer

LEVELS = {"none": 10.0, "output": 10.0, "cosine": 11.0}
# The mean is 0, so that the seeds favor no method.
SEEDS = (-0.2, 0.3, -0.1)


@pytest.fixture
def write_page(tmp_path):
    """Return a function that writes the page and returns its text."""

    def write(methods=tuple(LEVELS), controls=("none", "output"), **options) -> str:
        sources = MethodSources(
            tmp_path, methods, ("noisy",), controls, SIMU, REAL, "model.pth", **options
        )
        write_method_page(sources, tmp_path / "RESULTS.md")
        return (tmp_path / "RESULTS.md").read_text()

    return write


@pytest.fixture
def write_methods(tmp_path):
    """Return a function that writes scores of noisy speech and of all methods and seeds."""

    def write(seeds=SEEDS, **options):
        write_system(tmp_path, "noisy", 5.0, 0.5, **options)
        for method, level in LEVELS.items():
            for seed, offset in enumerate(seeds):
                write_system(tmp_path, f"{method}-seed{seed}", level, 0.3, offset, **options)

    return write


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def headings(text):
    return [line.lstrip("# ") for line in lines_of(text, "##")]


def test_the_whole_page(write_methods, write_page):
    write_methods(truth=True)
    text = write_page(commands=["./compare.sh --seeds 3"])
    assert headings(text) == [
        "What was run",
        "Table 1: cost and scores",
        "dt05 simu",
        "et05 simu",
        "Real recordings",
        "Table 2: differences from the controls",
        "Against no KD",
        "Against output KD",
    ]
    assert "```\n./compare.sh --seeds 3\n```" in text
    assert "\n- seeds of each method: `0`, `1`, `2`" in text and "Missing" not in text
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]
    assert rows[:5] == ["| system", "| ---", "| Noisy input", "| no KD", "| output KD"]
    # 2 pairs with `none` and 1 with `output`; 4 measures on 2 simulated sets, 2 on 2 real sets.
    assert "Table 2 contains 36 comparisons. If there were no true difference, about 1.8 of" in text
    assert "over seeds (Student's t)" in text and "bootstrap intervals over utterances" in text


def test_scores_are_means_over_seeds_with_student_t_intervals(write_page, tmp_path):
    for seed, level in enumerate((1.0, 2.0, 3.0)):
        write_se(tmp_path, f"none-seed{seed}", DT_SIMU, [level - 1, level + 1])
    write_se(tmp_path, "noisy", DT_SIMU, [0.5, 0.5])
    text = write_page(["none"], ["none"])
    # 2 +- 4.3027 / sqrt(3).
    assert lines_of(text, "| no KD")[0].startswith("| no KD | 2.00 [-0.48, 4.48] |")
    assert lines_of(text, "| Noisy input")[0].startswith("| Noisy input | 0.50 |")


def test_wer_over_seeds_divides_errors_by_words(write_page, tmp_path):
    words = [2, 8]
    for name in REAL:
        write_wer(tmp_path, "none-seed0", name, [1, 3], words)
        write_wer(tmp_path, "none-seed1", name, [1, 3], words)
    text = write_page(["none"], ["none"])
    assert lines_of(text, "| no KD") == ["| no KD | 40.0 [40.0, 40.0] | 40.0 [40.0, 40.0] |"]


def test_only_a_planted_difference_is_reported(write_methods, write_page):
    write_methods()
    _, _, text = write_page().partition("## Table 2")
    none, output = text.split("### Against output KD")
    assert "- output KD shows **no gain** over no KD" in none
    assert "- cosine KD is better than no KD in some comparisons, **not in all** (better: " in none
    assert "(better: SI-SNR, SDR, PESQ, STOI on dt05 simu, et05 simu; no diff" in none
    assert lines_of(none, "| output KD − no KD | dt05 simu")[0].count("better") == 0
    assert lines_of(none, "| cosine KD − no KD | dt05 simu")[0].count("**better**") == 4
    # The pair of `none` and `output` is in the section above and is not repeated.
    assert "no KD − output KD" not in output and "| cosine KD − output KD" in output


def test_a_method_that_loses_is_reported(write_methods, write_page):
    write_methods()
    text = write_page(controls=("cosine",))
    assert "- no KD **loses** to cosine KD and is never better (worse: SI-SNR" in text
    assert lines_of(text, "| no KD − cosine KD | et05 simu")[0].count("**worse**") == 4


def test_a_missing_seed_is_listed_and_marked(write_methods, write_page, tmp_path):
    write_methods()
    for method in ("cosine", "output"):
        for name in SIMU:
            (tmp_path / f"scores/se/{method}-seed2" / name / "scores.tsv").unlink()
    for name in SIMU:
        (tmp_path / "scores/se/output-seed1" / name / "scores.tsv").unlink()
    text = write_page()
    assert "**Missing:**" in text
    assert "- cosine KD, seed 2: SI-SNR, SDR, PESQ, STOI on dt05 simu, et05 simu\n" in text
    assert lines_of(text, "| cosine KD |")[0].count("] (2 seeds)") == 4
    assert lines_of(text, "| output KD |")[0].count("(1 seed)") == 4
    assert "[" not in lines_of(text, "| output KD |")[0]


def test_a_method_without_any_training_is_a_row_of_gaps(write_methods, write_page):
    write_methods()
    text = write_page([*LEVELS, "at_kl_tasnet"])
    name = "AT-KL (Conv-TasNet)"
    assert lines_of(text, f"| {name}")[0] == f"| {name} | – | – | – | – |"
    assert f"- {name}, seed 0: everything" in text and f"{name} − no KD" not in text


def test_the_page_says_that_one_seed_has_no_interval(write_methods, write_page):
    write_methods(seeds=(0.0,))
    text = write_page()
    before, _, after = text.partition("## Table 2")
    assert (
        "**no interval over seeds**" in before and "[9" not in before and "(1 seed)" not in before
    )
    assert "| cosine KD − no KD | dt05 simu | +" in after


def test_different_utterances_are_rejected(write_methods, write_page, tmp_path):
    write_methods()
    write_se(tmp_path, "cosine-seed1", DT_SIMU, range(UTTERANCES - 1))
    with pytest.raises(UserError, match="cosine-seed1 and noisy: were scored on different"):
        write_page()
    assert not (tmp_path / "RESULTS.md").exists()


def test_utterances_without_a_score_are_reported(write_methods, write_page, tmp_path):
    write_methods()
    values = [float("nan"), *range(UTTERANCES - 1)]
    write_se(tmp_path, "cosine-seed1", DT_SIMU, values)
    assert "STOI [%] leaves out 1 utterance(s) of dt05 simu for every system" in write_page()


def test_the_first_trained_seed_of_each_method_is_measured(
    write_methods, write_page, tmp_path, monkeypatch
):
    write_methods()
    for place in ("none/seed0", "none/seed1", "cosine/seed1"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config.yaml").touch()
        (tmp_path / place / "model.pth").touch()
    (tmp_path / "cosine/seed0").mkdir()
    (tmp_path / "cosine/seed0/config.yaml").touch()
    seen = []

    def measure(models, set_dir):
        seen.append((models, set_dir))
        return "the table of costs"

    monkeypatch.setattr(method_page, "model_table", measure)
    teacher = TrainedModel("teacher", "a", "b")
    text = write_page(other_models=[teacher], model_set="dump/dt05")
    assert headings(text)[2] == "Cost" and "the table of costs" in text
    ((models, set_dir),) = seen
    paths = [(model.name, model.checkpoint) for model in models]
    none, cosine = (str(tmp_path / name / "model.pth") for name in ("none/seed0", "cosine/seed1"))
    assert paths == [("teacher", "b"), ("none", none), ("cosine", cosine)]
    assert set_dir == "dump/dt05"
    assert "- output KD: no trained model to measure" in text and "no KD: no trained" not in text
