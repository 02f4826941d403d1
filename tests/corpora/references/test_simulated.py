from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set, training_set
from espnet_kd.corpora.references import noise_estimate
from espnet_kd.corpora.references.simulated import ReferenceOptions, find_references
from espnet_kd.errors import UserError

IDS = [f"F01_050C0101_{environment}_SIMU" for environment in ("BUS", "CAF", "PED", "STR")]


def find(maker, tmp_path, part="dt05", **options):
    tree = Chime4Tree(maker.root)
    simu = track_set(tree, part, "simu") if part != "tr05" else training_set(tree, "simu", [2, 5])
    options = ReferenceOptions(tmp_path / "references", **options)
    found = find_references(options, tree, part, simu, tmp_path / "set/references.tsv")
    if found.paths is None:
        return found
    return replace(found, paths={utterance: Path(path) for utterance, path in found.paths})


def rows(tmp_path) -> dict[str, dict[str, str]]:
    """Return the lines of the table by id."""
    with (tmp_path / "set/references.tsv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file, delimiter="\t")}


def read(path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0].astype(int)


def truth(maker, environment, channel):
    folder = maker.isolated_ext / f"dt05_{environment.lower()}_simu"
    return read(folder / f"F01_050C0101_{environment}.CH{channel}.Clean.wav")


def test_speech_is_recovered_up_to_rounding_from_independent_mixtures(embedded, tmp_path):
    references = find(embedded, tmp_path)
    for utterance, channel in zip(IDS, (4, 5, 6, 1), strict=True):
        path = references.paths[utterance]
        assert path.parent.parent == tmp_path / "references" and path.suffix == ".flac"
        difference = read(path) - truth(embedded, utterance[13:16], channel)
        assert np.abs(difference).max() <= 1


def test_the_table_describes_each_reference(embedded, tmp_path, capsys):
    (embedded.isolated_ext / "dt05_ped_simu/F01_050C0101_PED.CH6.Clean.wav").unlink()
    find(embedded, tmp_path, isolated_ext=embedded.isolated_ext, take_isolated_ext=False)
    table = rows(tmp_path)
    assert list(table) == IDS
    for utterance, row in table.items():
        assert (row["method"], row["offset"], row["clipped"], row["problem"]) == (
            "estimate", "0", "0", "-"
        )  # fmt: skip
        assert float(row["residual_db"]) < -25 < float(row["limit_db"]) < -10
        assert float(row["correlation"]) > 0.95
        if "PED" in utterance:
            assert row["si_snr_to_isolated_ext"] == "-"
        else:
            assert float(row["si_snr_to_isolated_ext"]) > 50
    printed = capsys.readouterr().out
    assert "4 references made, 0 already there, 0 bad; noise offsets {0: 4} samples" in printed
    assert "(minimum) over 3 utterances" in printed


def test_isolated_ext_is_taken_when_given_and_compared(embedded, tmp_path):
    references = find(embedded, tmp_path, isolated_ext=embedded.isolated_ext)
    name = "dt05_bus_simu/F01_050C0101_BUS.CH4.Clean.wav"
    assert references.paths[IDS[0]] == embedded.isolated_ext / name
    row = rows(tmp_path)[IDS[0]]
    assert row["method"] == "isolated_ext" and float(row["si_snr_to_isolated_ext"]) > 50


def test_isolated_ext_of_training_is_compared_where_it_exists(chime4, tmp_path, capsys):
    original = read(chime4.isolated("tr05_org", "011_011C0201_ORG"))
    path = chime4.isolated_ext / "tr05_caf_simu/011_011C0201_CAF.CH5.Clean.wav"
    chime4.write(path, (np.roll(original, 5) * 3 // 4).astype(np.int16))
    references = find(chime4, tmp_path, "tr05", isolated_ext=chime4.isolated_ext)
    assert {path.suffix for path in references.paths.values()} == {".flac"}, "none is taken"
    compared = {u: row["si_snr_to_isolated_ext"] for u, row in rows(tmp_path).items()}
    assert float(compared.pop("011_011C0201_CAF.CH5_SIMU")) > 100
    assert set(compared.values()) == {"-"}
    assert "(minimum) over 1 utterances" in capsys.readouterr().out


def test_a_missing_isolated_ext(chime4, tmp_path):
    for part in ("tr05", "dt05"):
        with pytest.raises(UserError, match="^/nowhere: is not a directory; set ISOLATED_EXT in "):
            find(chime4, tmp_path, part, isolated_ext=Path("/nowhere"), take_isolated_ext=False)


def test_isolated_ext_alone_is_enough(chime4, tmp_path):
    references = find(chime4, tmp_path, isolated_ext=chime4.isolated_ext)
    assert len(references.paths) == 4 and not (tmp_path / "references").exists()
    assert rows(tmp_path)[IDS[0]]["residual_db"] == "-"


def test_without_either_source_the_set_has_no_references(chime4, tmp_path, capsys):
    references = find(chime4, tmp_path)
    assert references.paths is None and references.left_out == {}
    assert rows(tmp_path)[IDS[0]]["method"].startswith("none: ")
    assert "no references, so it is scored without them: " in capsys.readouterr().out


def test_references_without_an_original_are_counted(chime4, tmp_path, capsys):
    find(chime4, tmp_path, "tr05")
    assert "original" not in capsys.readouterr().out
    chime4.isolated("tr05_org", "011_011C0201_ORG").unlink()
    find(chime4, tmp_path / "again", "tr05")
    assert (
        "tr05_simu_isolated_1ch_track: 2 references have no original, so only the weight of "
        "their noise was checked" in capsys.readouterr().out
    )


def test_without_a_track_list_the_channel_is_found_by_its_samples(embedded, tmp_path, capsys):
    (embedded.data / "annotations/dt05_simu_1ch_track.list").unlink()
    references = find(embedded, tmp_path)
    assert references.paths[IDS[3]].name == "F01_050C0101_STR.CH1.flac"
    shutil.rmtree(embedded.audio / "isolated/dt05_str_simu")
    assert find(embedded, tmp_path).paths is None
    assert "the channel of 'F01_050C0101_STR' is unknown" in capsys.readouterr().out


def test_a_different_estimate_is_detected(embedded, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(noise_estimate, "BLOCK", 3000)
    with pytest.raises(
        UserError,
        match=r"references.tsv: 4 of 4 utterances of dt05_simu.* 100 ms are at",
    ):
        find(embedded, tmp_path)
    assert find(embedded, tmp_path, leave_out_bad=True).paths is None
    assert "no reference is good, so it is scored without them" in capsys.readouterr().out


def test_a_bad_reference_is_an_error_or_left_out_by_name(embedded, tmp_path, capsys):
    (embedded.audio / "embedded/F01_141106_040_PED.CH0.wav").unlink()
    with pytest.raises(
        UserError, match="1 of 4 .* first 'F01_050C0101_PED_SIMU': .*CH0.wav: audio"
    ):
        find(embedded, tmp_path)
    assert "audio file is missing" in rows(tmp_path)[IDS[2]]["problem"], (
        "the table is written first"
    )
    references = find(embedded, tmp_path, leave_out_bad=True)
    assert list(references.left_out) == [IDS[2]] and list(references.paths) == [
        IDS[0],
        IDS[1],
        IDS[3],
    ]
    assert "audio file is missing" in rows(tmp_path)[IDS[2]]["problem"]
    assert "bad reference of 'F01_050C0101_PED_SIMU'" in capsys.readouterr().out


def test_every_training_channel_has_a_reference(chime4, tmp_path):
    references = find(chime4, tmp_path, "tr05", nj=2)
    assert len(references.paths) == 8
    original = read(chime4.isolated("tr05_org", "011_011C0201_ORG"))
    for channel in (2, 5):
        reference = read(references.paths[f"011_011C0201_CAF.CH{channel}_SIMU"])
        assert np.array_equal(reference, np.roll(original, channel) * 3 // 4)
    assert {row["method"] for row in rows(tmp_path).values()} == {"background"}


@pytest.mark.parametrize("start", [None, "soon", float("nan"), float("inf")])
def test_an_annotation_without_noise_is_named(embedded, tmp_path, start):
    embedded.edit("dt05_simu", 1, noise_start=start)
    with pytest.raises(
        UserError, match="dt05_simu.json: utterance 'F01_050C0101_CAF' has no usable noise segment"
    ):
        find(embedded, tmp_path)
