"""The command truth_scp."""

from __future__ import annotations

import pytest

from espnet_kd.bin.truth_scp import main
from espnet_kd.fileio import read_columns, write_columns

TRACK = "isolated_1ch_track"
DEV, TRAIN = f"dt05_real_{TRACK}", f"tr05_real_{TRACK}"
IDS = {
    DEV: [f"F01_050C0101_{env}_REAL" for env in ("BUS", "CAF", "PED", "STR")],
    TRAIN: [f"F02_022C0204_{env}.CH{n}_REAL" for env in ("BUS", "STR") for n in (3, 5)],
}


@pytest.fixture
def run(chime4, tmp_path):
    """Return a function that lists the images of sets; each real recording has one."""
    for recording in (chime4.audio / "isolated").glob("*_real/*.CH[1-6].wav"):
        image = tmp_path / "truth" / recording.relative_to(chime4.audio / "isolated")
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    for name, ids in IDS.items():
        write_columns(tmp_path / "sets" / name / "wav.scp", dict.fromkeys(ids, "/x.wav"))

    def list_images(*sets, truth=tmp_path / "truth", options=()):
        paths = [str(tmp_path / "sets" / name) for name in sets]
        roots = ["--truth", str(truth), "--corpus", str(chime4.root)]
        main([*roots, "--out", str(tmp_path / "out"), "--sets", *paths, *options])
        return [read_columns(tmp_path / "out" / name / "spk1.scp") for name in sets]

    return list_images


def error_of(run, *sets, **more):
    with pytest.raises(SystemExit) as stop:
        run(*sets, **more)
    assert "\n" not in stop.value.code
    return stop.value.code


def test_channels_come_from_the_id_or_from_the_track_list(run, tmp_path, capsys):
    dev, train = run(DEV, TRAIN)
    truth = tmp_path / "truth"
    assert dev["F01_050C0101_PED_REAL"] == f"{truth}/dt05_ped_real/F01_050C0101_PED.CH6.wav"
    assert train["F02_022C0204_STR.CH3_REAL"] == f"{truth}/tr05_str_real/F02_022C0204_STR.CH3.wav"
    assert [list(dev), list(train)] == [IDS[DEV], IDS[TRAIN]]
    assert f"{TRAIN}: true images of 4 of 4 utterances" in capsys.readouterr().out


def test_a_maximum_number_per_set(run):
    assert [len(images) for images in run(DEV, TRAIN, options=("--most", "3"))] == [3, 3]


def test_a_missing_image_is_an_error_and_nothing_is_written(run, tmp_path):
    image = tmp_path / "truth/tr05_bus_real/F02_022C0204_BUS.CH5.wav"
    image.unlink()
    error = error_of(run, DEV, TRAIN)
    assert error.startswith(f"error: {image}: does not exist") and "--truth_dir" in error
    assert not (tmp_path / "out").exists()


def test_a_missing_truth_directory(run, tmp_path):
    assert "only the embedded corpus has them" in error_of(run, DEV, truth=tmp_path / "nowhere")


def test_a_missing_track_list(run, chime4):
    path = chime4.data / "annotations/dt05_real_1ch_track.list"
    path.unlink()
    assert f"error: {path}: is missing" in error_of(run, DEV)


def test_an_utterance_of_another_corpus(run, tmp_path):
    write_columns(tmp_path / "sets" / DEV / "wav.scp", {"F09_x_BUS_REAL": "/x.wav"})
    assert "F09_x_BUS_REAL: is not an utterance of this corpus" in error_of(run, DEV)


@pytest.mark.parametrize("most", ["0", "-1"])
def test_a_maximum_below_one(run, most):
    assert f"--most: {most} is below 1" in error_of(run, DEV, options=("--most", most))
