"""The command prepare_dump."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from espnet_kd.bin.prepare_chime4 import main as prepare_chime4
from espnet_kd.bin.prepare_dump import main
from espnet_kd.data.audio import num_samples, write_samples
from espnet_kd.data.kaldi_dir import read_set

SIMU, REAL = "tr05_simu_isolated_1ch_track", "tr05_real_isolated_1ch_track"
DEV = "dt05_real_isolated_1ch_track"


@pytest.fixture
def data(chime4, tmp_path):
    places = {
        "corpus": chime4.root,
        "out": tmp_path / "data",
        "references": tmp_path / "references",
    }
    prepare_chime4(
        [word for name, path in places.items() for word in (f"--{name}", str(path))]
        + ["--channels", "5", "--nj", "1"]
    )
    return tmp_path / "data"


def run(data, *words: str) -> None:
    dump = data.parent / "dump"
    main(
        ["--data", str(data), "--dump", str(dump), "--nj", "1", "--token_sets", SIMU]
        + ["--token_list", str(dump / "token_list/char/tokens.txt"), *words]
    )


def one_line(data, *words: str) -> str:
    with pytest.raises(SystemExit) as caught:
        run(data, *words)
    assert isinstance(caught.value.code, str) and "\n" not in caught.value.code
    return caught.value.code


def test_sets_have_shapes_and_speeds_and_refer_to_the_corpus(data):
    speeds = ["--speed_sets", SIMU, "--speed_perturb_factors", "0.9 1.0 1.1"]
    run(data, "--sets", SIMU, REAL, "--test_sets", DEV, *speeds)
    dump = data.parent / "dump"
    tokens = (dump / "token_list/char/tokens.txt").read_text().split()
    plain, fast = read_set(dump / SIMU), read_set(dump / f"{SIMU}_sp")
    assert (len(plain["text"]), len(fast["text"])) == (4, 12)
    assert plain["text_shape.char"]["011_011C0200_BUS.CH5_SIMU"] == f"19,{len(tokens)}"
    assert (
        fast["wav.scp"]["sp0.9-011_011C0200_BUS.CH5_SIMU"]
        == plain["wav.scp"]["011_011C0200_BUS.CH5_SIMU"]
    )
    assert {path.suffix for path in dump.rglob("*") if path.is_file()} <= {
        "",
        ".scp",
        ".char",
        ".txt",
    }
    assert not (dump / f"{REAL}_sp").exists()


def test_limits_apply_to_sets_but_not_to_test_sets(data, capsys):
    run(data, "--sets", SIMU, "--test_sets", DEV, "--max_wav_duration", "0.505")
    assert f"{SIMU}: 3 of 4 utterances left out, not between 0.0 and 0.505 s" in (
        capsys.readouterr().out
    )
    assert len(read_set(data.parent / f"dump/{SIMU}")["text"]) == 1
    assert len(read_set(data.parent / f"dump/{DEV}")["text"]) == 4


@pytest.mark.brings(
    "lists", "a set whose recordings are all too short or too long", "an error with the limits"
)
@pytest.mark.parametrize("words", [[], ["--speed_sets", SIMU]])
def test_limits_that_leave_nothing(data, words):
    limits = ["--min_wav_duration", "0.1", "--max_wav_duration", "0.2"]
    assert one_line(data, "--sets", SIMU, *words, *limits) == (
        f"error: {data / SIMU}: none of its 4 utterances is longer than 0.1 s and shorter than "
        "0.2 s; give other --min_wav_duration or --max_wav_duration"
    )
    assert not (data.parent / "dump" / SIMU).exists()


@pytest.mark.brings("audio", "a silent test recording", "an error in stage 2, which names it")
def test_a_silent_recording_of_a_test_set(data):
    path = read_set(data / DEV)["wav.scp"]["F01_050C0101_BUS_REAL"]
    write_samples(path, np.zeros(num_samples(path), np.int16))
    assert one_line(data, "--sets", SIMU, "--test_sets", DEV).startswith(
        f"error: {path}: all {num_samples(path)} samples are zero; "
    )


def test_bpe_in_addition_to_characters(data, capsys):
    run(data, "--sets", SIMU)
    dump = data.parent / "dump"
    main(
        ["--data", str(data), "--dump", str(dump), "--sets", SIMU, "--token_sets", SIMU]
        + [
            "--token_type",
            "bpe",
            "--nbpe",
            "36",
            "--token_list",
            str(dump / "token_list/bpe/tokens.txt"),
        ]
    )
    tables = read_set(dump / SIMU)
    assert {"text_shape.char", "text_shape.bpe"} <= tables.keys()
    assert (dump / "token_list/bpe/bpe.model").exists()


def test_bpe_without_a_size(data):
    assert one_line(data, "--sets", SIMU, "--token_type", "bpe") == (
        "error: --nbpe: is not given; give the size of the BPE vocabulary"
    )


def test_characters_not_in_the_list_are_reported(data, capsys):
    path = data / f"{DEV}/text"
    path.write_text(path.read_text().replace("RAIN", "QUIZ"))
    run(data, "--test_sets", DEV)
    assert f"{DEV}: not in the token list, read as <unk>: Q U Z" in capsys.readouterr().out


def test_a_reference_that_has_become_shorter(data):
    tables = read_set(data / SIMU)
    path = tables["spk1.scp"]["011_011C0203_STR.CH5_SIMU"]
    write_samples(path, np.ones(num_samples(path) - 1))
    assert f"{path}: has 8479 samples, but utterance '011_011C0203_STR.CH5_SIMU'" in one_line(
        data, "--sets", SIMU
    )
    assert not (data.parent / f"dump/{SIMU}").exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "--sets: names no set"),
        (["--sets", "nothing"], "/data/nothing: is not a directory"),
        (["--sets", SIMU, "--speed_sets", REAL], f"--speed_sets: set '{REAL}' does not fit"),
        (["--sets", SIMU, "--test_sets", SIMU], f"--test_sets: set '{SIMU}' does not fit"),
        (
            ["--sets", SIMU, "--speed_perturb_factors", "fast"],
            "value 'fast' is not a list of factors",
        ),
        (
            ["--sets", SIMU, "--speed_perturb_factors", "1 1"],
            "value '1 1' is not a list of factors",
        ),
    ],
)
def test_inconsistent_options(data, words, problem):
    assert problem in one_line(data, *words)


def test_lists_need_no_torch():
    """Importing torch takes seconds, and half of the memory allowed for a stage on lists."""
    code = "import espnet_kd.bin.prepare_dump, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
