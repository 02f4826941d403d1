from __future__ import annotations

import math

import pytest

from espnet_kd.bin.report import main
from espnet_kd.fileio import write_lines, write_text
from espnet_kd.scoring.se_scores import SCORES_FILE, read_scores, write_scores
from espnet_kd.scoring.wer import score_set

from ..se_files import DT_REAL, DT_SIMU, ET_REAL, ET_SIMU


@pytest.fixture
def write_recognition(tmp_path):
    """Return a function that scores a text in which every `every`-th word is wrong."""

    def write(asr: str, system: str, set_name: str, every: int) -> None:
        directory = tmp_path / "sets" / set_name
        words = [f"WORD{i}" for i in range(12)]
        ids = [f"F01_{number:02d}" for number in range(30)]
        write_lines(directory / "text", [f"{utt} {' '.join(words)}" for utt in ids])
        write_lines(directory / "utt2spk", [f"{utt} F01" for utt in ids])
        given = ["X" if i % every == 0 else word for i, word in enumerate(words)]
        write_lines(tmp_path / "hyp", [f"{utt} {' '.join(given)}" for utt in ids])
        score_set(tmp_path / "hyp", directory, tmp_path / "wer" / asr / system / set_name)

    return write


@pytest.fixture
def report(tmp_path):
    """Return a function that writes the page and returns its text."""

    def run(*options: str, simu_sets: tuple[str, str] = (DT_SIMU, ET_SIMU)) -> str:
        roots = ["--se_root", str(tmp_path / "se"), "--wer_root", str(tmp_path / "wer")]
        sets = ["--simu_sets", *simu_sets, "--real_sets", DT_REAL, ET_REAL]
        sets += ["--train_real_set", "tr05_real_isolated_1ch_track"]
        main([*roots, *sets, "--out", str(tmp_path / "RESULTS.md"), *options])
        return (tmp_path / "RESULTS.md").read_text()

    return run


def test_the_whole_page(write_system, write_recognition, report, tmp_path):
    for system, level in (("noisy", 2.0), ("baseline", 6.0), ("student", 5.0)):
        write_system(system, level)
        write_system(system, level, ET_SIMU)
    for system, every in (("noisy", 2), ("baseline", 3), ("student", 6)):
        write_recognition("asr_clean", system, "et05_real_isolated_1ch_track", every)
    trainings = ["--training"]
    for name, seed, file in (("asr_clean", 7, "train_si284/wav.scp"), ("lm", 0, "other/text")):
        trainings.append(str(tmp_path / name / "config.yaml"))
        files = f"train_data_path_and_name_and_type: [[dump/raw/{file}, a, b], [x/y, c, d]]"
        write_text(tmp_path / name / "config.yaml", f"seed: {seed}\n{files}\n")
    text = report(*trainings, "--command", "./run.sh --stage 1", "--command", "second")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Environments",
        "## Table 1: speech enhancement",
        "## Figure 3: SDR distribution",
        "## Table 2: WER (%) with the clean-condition ASR",
        "## Trainings",
        "## Commands",
    ]
    assert "- Student **loses** to Baseline" in text
    assert "- Student is better than Baseline in WER on every set" in text
    assert "no reference" in text and "published" not in text
    assert "\n| asr_clean | random | `train_si284` | 7 |" in text
    assert "\n| lm | random | `other` | 0 |" in text
    assert "./run.sh --stage 1\nsecond\n" in text
    assert "ASR\n\nDecoder: joint CTC/attention beam search. Trained on `train_si284`.\n\n" in text
    assert "| student/et05_real_isolated_1ch_track | 30 | 360 | 83.3 | 16.7 |" in text
    assert (tmp_path / "sdr_distribution.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.brings(
    "scoring",
    "a set in which some utterances have no PESQ",
    "RESULTS.md says how many of which system",
)
def test_utterances_without_a_score_are_counted(write_system, report, tmp_path):
    for name in (DT_SIMU, ET_SIMU):
        write_system("noisy", 3.0, name)
    assert "Left out of the means" not in report()
    path = tmp_path / "se" / "noisy" / ET_SIMU / SCORES_FILE
    scores = read_scores(path)
    for utterance in ("u03", "u07"):
        scores[utterance]["pesq_raw"] = math.nan
    write_scores(path.parent, scores)
    note = "Left out of the means: no PESQ on et05 simu for 2 of 40 utterances (Noisy input)."
    assert note in report()


def test_a_simulated_set_without_references_is_marked(write_system, report):
    write_system("noisy", 2.0, "dt05_simu_isolated_1ch_track")
    text = report()
    headers = [line for line in text.splitlines() if line.startswith("| SE model")]
    assert all("dt05 simu" in line and line.endswith("et05 simu |") for line in headers[1:])
    rows = [line for line in text.splitlines() if line.startswith("| Noisy input |")]
    assert rows[0].endswith("| no reference | no reference | no reference |")
    assert rows[1].endswith("| no reference |")


def test_recognition_alone(write_recognition, report, tmp_path):
    write_recognition("asr_multi", "noisy", "dt05_real_isolated_1ch_track", 2)
    assert "booth" not in report()
    write_recognition("asr_multi", "clean", "valid_clean", 12)
    assert "booth" not in report("--clean_sets", "valid_clean", "test_clean"), "another corpus"
    write_recognition("asr_multi", "clean", "dt05_bth", 12)
    text = report("--clean_sets", "dt05_bth", "et05_bth")
    assert "read in a booth" in text and "| et05 real | dt05 bth |" in text
    assert "## Table 3" in text and "## Table 1" not in text
    assert not (tmp_path / "sdr_distribution.png").exists()


def test_true_images_of_real_sets_are_marked_as_research(write_system, report, tmp_path):
    for system, level in (("noisy", 2.0), ("baseline", 5.0), ("student", 7.0)):
        write_system(system, level, "dt05_real_isolated_1ch_track")
    for system, level in (("noisy", 2.0), ("pseudo_reference", 6.0)):
        write_system(system, level, "tr05_real_isolated_1ch_track")
    (tmp_path / "se").rename(tmp_path / "truth")
    write_system("noisy", 2.0)
    before, _, section = report("--truth_root", str(tmp_path / "truth")).partition("research only")
    assert "dt05 real SDR [dB]" in section and "dt05 real SDR [dB]" not in before
    assert "no reference" in before
    assert "**These images were not used for training or model selection,**" in section
    assert "this table cannot be made for it" in section
    assert "Utterances scored: dt05 real 40, tr05 real 40." in section
    assert "| Teacher's pseudo-reference | 5." in section
    assert "- Student is better than Baseline in every" in section
    gains = [line for line in section.splitlines() if "− Noisy input | SI-SNR" in line]
    assert [line.split("|")[1].strip() for line in gains] == [
        "Baseline − Noisy input",
        "Student − Noisy input",
        "Teacher's pseudo-reference − Noisy input",
    ]


def test_gains_over_noisy_are_in_si_snr_only(write_system, report):
    for system, level in (("noisy", 2.0), ("baseline", 6.0), ("teacher", 5.0), ("student", 1.0)):
        write_system(system, level)
    text = report()
    assert "- Baseline is better than Noisy input in SI-SNR on every set." in text
    assert "- Student **loses** to Noisy input" in text
    gains = [line for line in text.splitlines() if "− Noisy input" in line]
    assert len(gains) == 3
    assert all(line.split("|")[2].strip() == "SI-SNR [dB]" for line in gains)


def test_a_truth_directory_without_scores_adds_no_section(write_system, report, tmp_path):
    write_system("noisy", 2.0)
    assert "research only" not in report("--truth_root", str(tmp_path / "nowhere"))


def test_published_numbers_are_optional(write_system, report):
    write_system("noisy", 2.0)
    assert "*published: Student*" in report("--published")


def test_a_generated_corpus_is_shown_with_its_seed(write_system, report, tmp_path):
    write_system("noisy", 2.0)
    assert "mini CHiME-4" not in report("--corpus", str(tmp_path))
    write_text(tmp_path / "mini_chime4.json", '{"scale": "nano", "seed": 7, "version": 3}')
    line = "\n- corpus: mini CHiME-4, scale `nano`, seed `7`, version `3`\n"
    assert line in report("--corpus", str(tmp_path))


def test_sets_with_other_names(write_system, report):
    write_system("noisy", 2.0, "dev_mixed")
    assert "| SE model | dev mixed PESQ | dev mixed SDR [dB] | test mixed | dt05 real |" in report(
        simu_sets=("dev_mixed", "test_mixed")
    )


def test_no_scores_at_all(report, tmp_path):
    with pytest.raises(SystemExit, match="holds no scores") as stop:
        report()
    assert "\n" not in stop.value.code
    assert not (tmp_path / "RESULTS.md").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "a:b", "--model_set", "x"], "a:b"),
        (["--model", "a:b:c"], "--model_set"),
        (["--other_model", "a:b:c"], "b:c: does not exist"),
        (["--other_model", "lm:/nowhere/config.yaml"], "/nowhere/config.yaml: does not exist"),
        (["--pseudo", "/nowhere"], "/nowhere"),
        (["--training", "/nowhere/config.yaml"], "/nowhere/config.yaml: does not exist"),
    ],
)
def test_wrong_options(write_system, report, options, message):
    write_system("noisy", 2.0)
    with pytest.raises(SystemExit, match=message):
        report(*options)


def test_a_page_without_real_sets(write_system, tmp_path):
    for name in (DT_SIMU, ET_SIMU):
        for system, level in (("noisy", 2.0), ("student", 5.0)):
            write_system(system, level, name)
    roots = ["--se_root", str(tmp_path / "se"), "--wer_root", str(tmp_path / "wer")]
    page = tmp_path / "RESULTS.md"
    main([*roots, "--simu_sets", DT_SIMU, ET_SIMU, "--real_sets", "--pseudo", "--out", str(page)])
    assert "student" in page.read_text() and "real" not in page.read_text()
