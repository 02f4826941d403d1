"""The command prepare_chime4."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from espnet_kd.bin.prepare_chime4 import main
from espnet_kd.data.kaldi_dir import read_set

TRACK = "isolated_1ch_track"
SETS = {
    f"tr05_simu_{TRACK}": 24,
    f"tr05_real_{TRACK}": 11,
    f"dt05_simu_{TRACK}": 4,
    f"dt05_real_{TRACK}": 4,
    f"et05_simu_{TRACK}": 4,
    f"et05_real_{TRACK}": 4,
    "tr05_orig_clean": 4,
    "dt05_bth": 1,
    "et05_bth": 1,
}


def options(chime4, tmp_path, **changes) -> list[str]:
    values = {
        "corpus": chime4.root,
        "out": tmp_path / "data",
        "references": tmp_path / "references",
        "nj": 1,
        **changes,
    }
    return [word for name, value in values.items() for word in (f"--{name}", str(value))]


def one_line(chime4, tmp_path, **changes) -> str:
    """Run the command and return its error, which must be one line."""
    with pytest.raises(SystemExit) as caught:
        main(options(chime4, tmp_path, **changes))
    assert isinstance(caught.value.code, str) and "\n" not in caught.value.code
    return caught.value.code


def left_out(tmp_path) -> dict[str, str]:
    """Return the reasons in left_out.tsv by utterance."""
    lines = (tmp_path / "data/local/left_out.tsv").read_text().splitlines()[1:]
    return {line.split("\t")[1]: line.split("\t")[2] for line in lines}


def files(directory) -> dict:
    """Return the time and content of every file below a directory, including links."""
    found = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def test_all_sets_under_espnets_names(chime4, tmp_path, capsys):
    main(options(chime4, tmp_path, isolated_ext=chime4.isolated_ext, check_audio="true"))
    for name, size in SETS.items():
        tables = read_set(tmp_path / "data" / name)
        assert len(tables["text"]) == size
        assert ("spk1.scp" in tables) == ("_simu_" in name)
        assert not any(".CH0." in path for path in tables["wav.scp"].values())
    simu = read_set(tmp_path / f"data/tr05_simu_{TRACK}")
    utterance = "011_011C0201_CAF.CH3_SIMU"
    reference = tmp_path / "references/tr05_caf_simu/011_011C0201_CAF.CH3.flac"
    assert simu["spk1.scp"][utterance] == str(reference)
    assert simu["utt2num_samples"][utterance] == "8160"
    real = read_set(tmp_path / f"data/tr05_real_{TRACK}")
    assert "F02_022C0204_BUS.CH2_REAL" not in real["text"], "a failing microphone"
    printed = capsys.readouterr().out
    assert "24 references made, 0 already there, 0 bad" in printed
    assert "1 failing microphones left out (CH1 0, CH2 1, CH3 0, CH4 0, CH5 0, CH6 0)" in printed
    assert (tmp_path / "data/local/left_out.tsv").read_text() == (
        "set\tutterance\treason\n"
        f"tr05_real_{TRACK}\tF02_022C0204_BUS.CH2_REAL\t0.1 in mic_error.csv\n"
    )
    assert "4 of 4 of isolated_ext verified" in printed
    rows = [line.split() for line in printed.splitlines() if line.split()[0] in SETS]
    assert {row[0]: int(row[-2]) for row in rows} == SETS


def test_a_second_run_changes_nothing(chime4, tmp_path, capsys):
    main(options(chime4, tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    capsys.readouterr()
    main(options(chime4, tmp_path))
    assert "0 references made, 24 already there" in capsys.readouterr().out
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_only_chosen_channels_and_no_test_references_without_isolated_ext(chime4, tmp_path, capsys):
    main(options(chime4, tmp_path, channels="5 2"))
    tables = read_set(tmp_path / f"data/tr05_simu_{TRACK}")
    assert {utterance[-6:-5] for utterance in tables["text"]} == {"2", "5"}
    assert "spk1.scp" not in read_set(tmp_path / f"data/dt05_simu_{TRACK}")
    assert (
        f"dt05_simu_{TRACK}: no references, so it is scored without them: "
        in capsys.readouterr().out
    )
    table = (tmp_path / f"data/dt05_simu_{TRACK}/references.tsv").read_text()
    assert table.count("\tnone: ") == 4 and "embedded does not exist" in table


def test_an_error_is_one_line_and_exit_status_one(chime4, tmp_path):
    command = [sys.executable, "-m", "espnet_kd.bin.prepare_chime4"]
    ended = subprocess.run(
        [*command, *options(chime4, tmp_path, channels="0 5")], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "error: --channels: contains 0: CH0 is a close-talk microphone on another recorder, "
        "neither clean nor a training channel; choose from 1 2 3 4 5 6"
    ]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("root", "problem"), [("", "--corpus: is empty"), ("/nowhere", "/nowhere: is no")]
)
def test_a_corpus_path_that_is_unset_or_wrong(chime4, tmp_path, root, problem):
    assert problem in one_line(chime4, tmp_path, corpus=root)


def bad_recording(chime4, path, kind) -> None:
    samples = np.random.default_rng(0).integers(-900, 900, 7200).astype(np.int16)
    if kind == "missing":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:-2000])
    elif kind == "8 kHz":
        chime4.write(path, samples, rate=8000)
    elif kind == "stereo":
        chime4.write(path, np.stack([samples, samples], axis=1))
    elif kind == "silent":
        chime4.write(path, samples * 0)
    elif kind == "NaN":
        chime4.write(path, np.full(7200, np.nan, dtype=np.float32), subtype="FLOAT")


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("missing", "audio file is missing"),
        ("empty", "audio file is empty (0 bytes)"),
        ("truncated", "is truncated: 6200 of 7200 samples"),
        ("8 kHz", "sampling rate is 8000 Hz"),
        ("stereo", "has 2 channels"),
        ("silent", "all 7200 samples are zero"),
        ("NaN", "holds WAV FLOAT samples, not 16-bit PCM in wav or flac"),
    ],
)
def test_a_bad_recording_is_named_and_its_set_not_written(chime4, tmp_path, kind, problem):
    path = chime4.isolated("tr05_str_real", "F02_022C0204_STR.CH4")
    bad_recording(chime4, path, kind)
    assert f"{path}: {problem}" in one_line(chime4, tmp_path, check_audio="true")
    assert not (tmp_path / f"data/tr05_real_{TRACK}").exists()


def test_a_reference_of_another_length_than_its_mixture(chime4, tmp_path):
    path = chime4.isolated_ext / "dt05_ped_simu/F01_050C0101_PED.CH6.Clean.wav"
    chime4.write(path, np.ones(7990, dtype=np.int16))
    path.with_name(path.name.replace("Clean", "Noise")).unlink()
    line = one_line(chime4, tmp_path, isolated_ext=chime4.isolated_ext)
    assert f"{path}: has 7990 samples, but utterance 'F01_050C0101_PED_SIMU'" in line


@pytest.mark.parametrize(
    ("dot", "problem"),
    [
        (None, "transcript of '011_011C0202_PED' is missing"),
        ("[<NOISE] .", "transcript of '011_011C0202_PED' is empty ('[<NOISE] .')"),
        ("ROOM 12", "transcript of '011_011C0202_PED' has the unknown character '1'"),
        ("CAFÉ", "transcript of '011_011C0202_PED' has the unknown character 'É' (U+00C9)"),
    ],
)
def test_bad_transcripts(chime4, tmp_path, dot, problem):
    chime4.edit("tr05_simu", 2, dot=dot)
    assert f"annotations/tr05_simu.json: {problem}" in one_line(chime4, tmp_path)


def test_references_that_fail_the_checks_stop_or_are_left_out(chime4, tmp_path, capsys):
    chime4.edit("tr05_simu", 1, noise_start=0.5, noise_end=0.5 + 8160 / 16000)
    line = one_line(chime4, tmp_path)
    assert f"tr05_simu_{TRACK}/references.tsv: 6 of 24 utterances" in line
    assert "first '011_011C0201_CAF." in line and "the noise has weight" in line
    main(options(chime4, tmp_path, bad_references="leave_out"))
    printed = capsys.readouterr().out
    assert "bad reference of '011_011C0201_CAF.CH6_SIMU': " in printed
    assert f"tr05_simu_{TRACK}: 6 utterances left out because of bad references" in printed
    assert "the noise has weight" in left_out(tmp_path)["011_011C0201_CAF.CH6_SIMU"]
    assert len(read_set(tmp_path / f"data/tr05_simu_{TRACK}")["text"]) == 18


def test_an_annotation_without_noise_segment(chime4, tmp_path):
    chime4.edit("tr05_simu", 3, noise_start=None)
    assert "utterance '011_011C0203_STR' has no usable noise segment ('noise_start')" in one_line(
        chime4, tmp_path
    )


def test_missing_audio_may_be_left_out(chime4, tmp_path, capsys):
    chime4.isolated("tr05_bus_real", "F02_022C0204_BUS.CH5").unlink()
    chime4.isolated("tr05_bus_simu", "011_011C0200_BUS.CH1").unlink()
    main(options(chime4, tmp_path, allow_partial="true"))
    printed = capsys.readouterr().out
    assert f"tr05_real_{TRACK}: 1 of 11 audio files missing, left out" in printed
    assert left_out(tmp_path) == {
        "F02_022C0204_BUS.CH2_REAL": "0.1 in mic_error.csv",
        "F02_022C0204_BUS.CH5_REAL": "audio file is missing",
        "011_011C0200_BUS.CH1_SIMU": "audio file is missing",
    }
    assert len(read_set(tmp_path / f"data/tr05_simu_{TRACK}")["text"]) == 23


def test_failing_microphones_may_be_kept(chime4, tmp_path):
    main(options(chime4, tmp_path, drop_failing="false"))
    assert len(read_set(tmp_path / f"data/tr05_real_{TRACK}")["text"]) == 12
    assert left_out(tmp_path) == {}


def test_without_mic_error_a_channel_20_db_too_weak_is_left_out(chime4, tmp_path, capsys):
    (chime4.data / "annotations/mic_error.csv").unlink()
    path = chime4.isolated("tr05_str_real", "F02_022C0204_STR.CH4")
    chime4.write(path, np.zeros(7200, dtype=np.int16))
    main(options(chime4, tmp_path, channels="1 3 4 5 6", check_audio="true"))
    assert "1 failing microphones left out (CH1 0, CH3 0, CH4 1, CH5 0, CH6 0)" in (
        capsys.readouterr().out
    )
    assert left_out(tmp_path) == {"F02_022C0204_STR.CH4_REAL": "inf dB below the loudest channel"}
    tables = read_set(tmp_path / f"data/tr05_real_{TRACK}")
    assert len(tables["text"]) == 9, "without CH4, and without CH2, which was not requested"


def test_all_audio_of_a_set_missing_is_one_line(chime4, tmp_path):
    shutil.rmtree(chime4.audio / "isolated/dt05_bth")
    line = one_line(chime4, tmp_path, allow_partial="true")
    assert line.startswith(
        f"error: {chime4.audio}/isolated/dt05_bth: contains no audio of dt05_bth"
    )


def test_a_list_that_names_a_missing_file(chime4, tmp_path):
    shutil.rmtree(chime4.audio / "isolated_1ch_track")
    path = chime4.isolated("dt05_caf_real", "F01_050C0101_CAF.CH5")
    path.unlink()
    assert f"error: {path}: audio file is missing" in one_line(chime4, tmp_path)


def test_a_link_to_itself_is_one_line_or_left_out(chime4, tmp_path):
    path = chime4.isolated("tr05_str_real", "F02_022C0204_STR.CH4")
    path.unlink()
    path.symlink_to(path)
    assert f"{path}: cannot be read (Too many levels of symbolic links)" in (
        one_line(chime4, tmp_path)
    )
    main(options(chime4, tmp_path, allow_partial="true"))
    assert left_out(tmp_path)["F02_022C0204_STR.CH4_REAL"] == "audio file is missing"


def test_windows_line_ends_change_nothing(chime4, tmp_path):
    transcriptions = chime4.data / "transcriptions/dt05_real.dot_all"
    chime4.edit("dt05_real", 1, dot=None)
    transcriptions.parent.mkdir()
    transcriptions.write_text("RAIN IS LIKELY (F01_050C0101_CAF)\n")
    main(options(chime4, tmp_path))
    unix = {path: content for path, (_, content) in files(tmp_path / "data").items()}
    for path in [transcriptions, *(chime4.data / "annotations").iterdir()]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    main(options(chime4, tmp_path))
    assert {path: content for path, (_, content) in files(tmp_path / "data").items()} == unix


def test_nothing_is_written_into_the_corpus(chime4, tmp_path):
    (chime4.data / "annotations/mic_error.csv").unlink()  # so that levels are measured
    before = files(chime4.root)
    paths = [chime4.root, *chime4.root.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        main(options(chime4, tmp_path))
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)
    assert files(chime4.root) == before


def test_a_full_disk_is_one_line_and_a_rerun_completes(chime4, tmp_path, monkeypatch):
    written = []

    def full_after_three(self, data):
        if len(written) == 3:
            write(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(data)
        return write(self, data)

    with monkeypatch.context() as patch:
        write = Path.write_bytes
        patch.setattr(Path, "write_bytes", full_after_three)
        line = one_line(chime4, tmp_path)
    path = tmp_path / "references/tr05_bus_simu/011_011C0200_BUS.CH4.flac"
    assert line == f"error: {path}: no space left on device; free some space and run again"
    assert len(list((tmp_path / "references").rglob("*.*"))) == 3
    assert not (tmp_path / "data").exists()
    main(options(chime4, tmp_path))
    assert len(read_set(tmp_path / f"data/tr05_simu_{TRACK}")["spk1.scp"]) == 24


def channel_lists(tmp_path) -> dict[str, list[str]]:
    """Return the microphones that channels.scp lists, e.g. CH5 CH1 CH2, by utterance."""
    path = tmp_path / f"data/tr05_real_{TRACK}/channels.scp"
    lines = (line.split(" ", 1) for line in path.read_text().splitlines())
    return {
        utt: [Path(name).name.split(".")[1] for name in names.split("\t")] for utt, names in lines
    }


def test_usable_microphones_of_each_recording_are_listed(chime4, tmp_path):
    """One microphone is an utterance of the set; all that work are listed, its own first."""
    main(options(chime4, tmp_path, channels="5"))
    found = channel_lists(tmp_path)
    assert list(found) == list(read_set(tmp_path / f"data/tr05_real_{TRACK}")["wav.scp"])
    assert all(name.endswith(".CH5_REAL") for name in found)
    lists = sorted(found.values(), key=len)
    assert lists[-1] == ["CH5", "CH1", "CH2", "CH3", "CH4", "CH6"]
    assert len(lists[0]) == 5 and lists[0][0] == "CH5", "a microphone fails"


def test_missing_and_kept_microphones(chime4, tmp_path):
    main(options(chime4, tmp_path, channels="5", drop_failing="false"))
    assert {len(names) for names in channel_lists(tmp_path).values()} == {6}
    utterance = next(iter(channel_lists(tmp_path)))
    recording = Path(read_set(tmp_path / f"data/tr05_real_{TRACK}")["wav.scp"][utterance])
    recording.with_name(recording.name.replace("CH5", "CH3")).unlink()
    main(options(chime4, tmp_path, channels="5", drop_failing="false", allow_partial="true"))
    assert "CH3" not in channel_lists(tmp_path)[utterance]
