"""The commands enhance, pseudo_reference and align, with tiny ESPnet models."""

from __future__ import annotations

import pytest
import soundfile
import torch

from espnet_kd.bin import align, enhance, pseudo_reference
from espnet_kd.data.kaldi_dir import read_set
from espnet_kd.fileio import read_columns

from .conftest import LENGTHS

TEXT = ["--text_name=text", "--align_name=align"]
ALIGN = dict.fromkeys(LENGTHS, " ".join(str(20 * i) for i in range(11)))


def model_options(files, *sets) -> list[str]:
    config, checkpoint = files
    return [f"--config={config}", f"--checkpoint={checkpoint}", "--sets", *map(str, sets)]


def problem(main, *arguments) -> str:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert str(stop.value).startswith("error: ")
    assert "\n" not in str(stop.value)
    return str(stop.value)


def test_enhance_writes_sets_that_can_be_read(make_set, student_files, tmp_path):
    source = make_set("dt05_real")
    enhance.main([*model_options(student_files, source), f"--out={tmp_path / 'out'}"])
    out = tmp_path / "out" / "dt05_real"
    assert read_columns(out / "utt2num_samples") == read_columns(source / "utt2num_samples")
    waves = read_columns(out / "wav.scp")
    assert list(waves) == list(LENGTHS)
    assert [soundfile.info(wave).frames for wave in waves.values()] == list(LENGTHS.values())


def test_teacher_reads_the_text(make_set, teacher_files, tmp_path):
    source = make_set(align=ALIGN, text_exchanged=dict.fromkeys(LENGTHS, "ROSE STOCKS"))
    (source / "align_text_exchanged").write_text((source / "align").read_text())
    options = model_options(teacher_files, source)
    enhance.main([*options, *TEXT, f"--out={tmp_path / 'right'}"])
    enhance.main(
        [
            *options,
            f"--out={tmp_path / 'wrong'}",
            "--text_name=text_exchanged",
            "--align_name=align_text_exchanged",
        ]
    )
    name = f"{source.name}/wav/F01_a_REAL.wav"
    assert (tmp_path / "right" / name).read_bytes() != (tmp_path / "wrong" / name).read_bytes()


def test_pseudo_references_are_made_with_text(make_set, teacher_files, tmp_path):
    source = make_set(align=ALIGN)
    command = [*model_options(teacher_files, source), *TEXT, f"--out={tmp_path / 'pseudo'}"]
    pseudo_reference.main(command)
    out = tmp_path / "pseudo" / source.name
    assert list(read_set(out)["spk1.scp"]) == list(LENGTHS)
    hashed = [line.split()[1] for line in (out / "teacher.sha256").read_text().splitlines()]
    assert hashed[:2] == [str(teacher_files[1]), str(teacher_files[0])]
    assert hashed[2:] == [str(source / name) for name in ("wav.scp", "text", "align")]


def test_a_teacher_of_another_shape_writes_nothing(make_set, teacher_files, tmp_path):
    config, checkpoint = teacher_files
    state, key = torch.load(checkpoint), "separator.text_encoder.embedding.weight"
    state[key] = state[key][:-1]
    torch.save(state, tmp_path / "other.pth")
    options = model_options((config, tmp_path / "other.pth"), make_set(align=ALIGN))
    message = problem(pseudo_reference.main, *options, *TEXT, f"--out={tmp_path / 'pseudo'}")
    expected = f"{tmp_path}/other.pth: '{key}' has shape (11, 16), but (12, 16) in the model; give"
    assert expected in message
    records = {"teacher.sha256", "recordings"}
    assert {path.name for path in tmp_path.rglob("pseudo/*/*")} == records, "no audio, no lists"


def test_alignments_have_one_time_per_character(make_set, recognizer_files, capsys):
    lengths = {"F01_a": 32000, "F01_b": 2000, "F01_c": 32000}
    source = make_set("dt05_simu", lengths)
    align.main([*model_options(recognizer_files, source), "--out_name=align"])
    for utt, line in read_columns(source / "align").items():
        times = [int(time) for time in line.split()]
        assert len(times) == len("STOCKS ROSE")
        assert times == sorted(times)
        assert 0 < times[0] < times[-1] < lengths[utt] / 16
    errors = capsys.readouterr().err
    assert "2 utterances aligned" in errors
    assert "1 utterances too short for their text, tokens spread evenly: F01_b" in errors


def test_alignment_of_a_perturbed_set(make_set):
    base = make_set("tr", {"F01_a": 3600}, align={"F01_a": "90 180"})
    perturbed = make_set("tr_sp", {"sp0.9-F01_a": 4000}, utt2speed={"sp0.9-F01_a": "0.9"})
    align.main(["--sets", str(perturbed), f"--scale_from={base}"])
    assert (perturbed / "align").read_text() == "sp0.9-F01_a 100 200\n"


def test_text_that_is_needed_but_missing(make_set, teacher_files, tmp_path):
    options = [*model_options(teacher_files, make_set()), f"--out={tmp_path / 'out'}"]
    assert "align: does not exist" in problem(enhance.main, *options, *TEXT)
    assert "text_exchanged: does not" in problem(
        enhance.main, *options, "--text_name=text_exchanged"
    )
    assert "align: does not exist" in problem(pseudo_reference.main, *options, *TEXT)
    assert not (tmp_path / "out").exists()
    expected = "--text_name: is not given, but the model needs it; give e.g. text"
    assert expected in problem(enhance.main, *options)
    assert "--align_name: is not given" in problem(enhance.main, *options, "--text_name=text")


def test_missing_set(student_files, tmp_path):
    options = model_options(student_files, tmp_path / "dt05_none")
    assert "dt05_none" in problem(enhance.main, *options, f"--out={tmp_path / 'out'}")
    assert "dt05_none" in problem(align.main, *options)


def test_same_set_name_twice(make_set, student_files, tmp_path):
    options = model_options(student_files, make_set("a/dt05"), make_set("b/dt05"))
    assert "out/dt05: two sets with this name" in problem(
        enhance.main, *options, f"--out={tmp_path / 'out'}"
    )


def test_overwriting_the_input_is_rejected(make_set, student_files):
    source = make_set("dt05_real")
    before = sorted(source.iterdir())
    options = [*model_options(student_files, source), f"--out={source.parent}"]
    assert "give another --out" in problem(enhance.main, *options)
    assert sorted(source.iterdir()) == before


def test_nan_output_names_the_utterance(make_set, student_files, tmp_path):
    config, checkpoint = student_files
    state = torch.load(checkpoint)
    state["decoder.convtrans1d.weight"].fill_(float("nan"))
    torch.save(state, tmp_path / "nan.pth")
    options = model_options((config, tmp_path / "nan.pth"), make_set("dt05_real"))
    message = problem(enhance.main, *options, f"--out={tmp_path / 'out'}")
    assert "nan.pth: output for 'F01_a_REAL'" in message
    assert not (tmp_path / "out" / "dt05_real" / "wav.scp").exists()


@pytest.mark.parametrize("option", ["--config", "--checkpoint"])
def test_alignment_needs_a_model(make_set, recognizer_files, option):
    options = [o for o in model_options(recognizer_files, make_set()) if not o.startswith(option)]
    assert f"{option}: is not given" in problem(align.main, *options)


def test_missing_gpu(make_set, student_files, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    options = model_options(student_files, make_set())
    message = problem(enhance.main, *options, f"--out={tmp_path / 'out'}", "--ngpu=1")
    assert "no GPU is visible" in message
