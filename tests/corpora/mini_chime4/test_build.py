import dataclasses
import hashlib
import json
import re

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.mini_chime4 import tasks
from espnet_kd.corpora.mini_chime4.audio import samples_of
from espnet_kd.corpora.mini_chime4.build import Request, build, summary
from espnet_kd.corpora.mini_chime4.names import folder_of, name_of
from espnet_kd.errors import UserError

_REAL_NAME = r"[FM]\d\d_\d{3}C\d\d0[1-9A-Z]_"
_SIMU_NAME = r"[024][0-9][0-9a-z]_[024][0-9][0-9a-z]C\d\d0[1-9A-Z]_"
_FILES = {
    r"backgrounds": r"BGD_\d{6}_\d{3}_(BUS|CAF|PED|STR)\.CH[1-6]\.wav",
    r"embedded": r"[FM]\d\d_\d{6}_\d{3}_(BUS|CAF|PED|STR|BTH)\.CH[0-6]\.wav",
    r"isolated/tr05_org": _SIMU_NAME + r"ORG\.wav",
    r"isolated/(tr|dt|et)05_bth": _REAL_NAME + r"BTH\.CH[0-6]\.wav",
    r"isolated/(tr|dt|et)05_(bus|caf|ped|str)_real": _REAL_NAME + r"[A-Z]{3}\.CH[0-6]\.wav",
    r"isolated/(dt|et)05_(bus|caf|ped|str)_simu": _REAL_NAME + r"[A-Z]{3}\.CH[1-6]\.wav",
    r"isolated/tr05_(bus|caf|ped|str)_simu": _SIMU_NAME + r"[A-Z]{3}\.CH[1-6]\.wav",
    r"isolated_1ch_track/(dt|et)05_(bus|caf|ped|str)_(real|simu)": _REAL_NAME + r"[A-Z]{3}\.wav",
}
_COUNTS = {
    "tr05_simu": 6, "tr05_org": 6, "tr05_real": 8, "tr05_bth": 2,
    "dt05_real": 4, "dt05_simu": 4, "dt05_bth": 1, "et05_real": 4, "et05_simu": 4, "et05_bth": 1,
}  # fmt: skip
_FIELDS = {"speaker", "wsj_name", "environment", "wavfile", "start", "end", "dot"}
_NOISE_FIELDS = {"noise_wavfile", "noise_start", "noise_end"}


def read(path):
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 16000 and samples.ndim == 1
    return samples.astype(int)


def annotations(nano, name):
    return json.loads((nano.data / "annotations" / f"{name}.json").read_text())


def isolated(nano, name, item, channel):
    return read(
        nano.audio
        / "isolated"
        / folder_of(name, item["environment"])
        / f"{name_of(item)}.CH{channel}.wav"
    )


def test_every_audio_file_is_where_chime4_has_it(nano):
    for file in nano.audio.rglob("*.wav"):
        folder = file.parent.relative_to(nano.audio).as_posix()
        patterns = [names for folders, names in _FILES.items() if re.fullmatch(folders, folder)]
        assert len(patterns) == 1 and re.fullmatch(patterns[0], file.name), file
        if folder.startswith("isolated") and folder.count("_") > 1 and "org" not in folder:
            assert file.name.split(".")[0].lower().endswith(folder.split("_")[-2])


def test_annotations_have_chime4_s_fields_and_counts(nano):
    for name, count in _COUNTS.items():
        items = annotations(nano, name)
        fields = set(_FIELDS)
        if name.endswith("simu"):
            fields |= _NOISE_FIELDS
        if name == "tr05_simu":
            fields |= {"ir_wavfile", "ir_start", "ir_end"}
        assert len(items) == count, name
        for item in items:
            assert fields <= set(item) <= fields | {"repeat"}, name
    assert len(list((nano.audio / "isolated").glob("tr05_*_simu/*.wav"))) == 6 * 6
    assert len(list((nano.audio / "isolated").glob("dt05_*_real/*.wav"))) == 4 * 7


def test_transcripts_exist_for_the_sets_that_have_them_in_chime4(nano):
    folder = nano.data / "transcriptions"
    found = {path.name for path in folder.glob("*_all")}
    sets = [name for name in _COUNTS if name not in ("tr05_simu", "tr05_org")]
    assert found == {f"{name}.{kind}_all" for name in sets for kind in ("dot", "trn")}
    for name in sets:
        for line in (folder / f"{name}.dot_all").read_text().splitlines():
            dot, utterance = re.fullmatch(r"(.+) \((\w+)\)", line).groups()
            assert dot in {i["dot"] for i in annotations(nano, name) if name_of(i) == utterance}
        item = annotations(nano, name)[0]
        stem = folder / folder_of(name, item["environment"]) / name_of(item)
        assert stem.with_suffix(".trn").read_text().startswith(f"{name_of(item)} ")
        assert stem.with_suffix(".dot").read_text().endswith(f"({name_of(item)})\n")


def test_real_utterances_are_cut_from_their_sessions(nano):
    for name in ("tr05_real", "dt05_bth"):
        item = annotations(nano, name)[0]
        session = read(nano.audio / "embedded" / f"{item['wavfile']}.CH3.wav")
        cut = session[samples_of(item["start"], item["end"])]
        np.testing.assert_array_equal(cut, isolated(nano, name, item, 3))


def test_subtracting_the_background_leaves_the_steered_sentence(nano):
    for item in annotations(nano, "tr05_simu"):
        background = nano.audio / "backgrounds" / f"{item['noise_wavfile']}.CH5.wav"
        noise = read(background)[samples_of(item["noise_start"], item["noise_end"])]
        clean = isolated(nano, "tr05_simu", item, 5) - noise
        org = read(nano.audio / "isolated" / "tr05_org" / f"{item['wavfile']}.wav")
        assert len(clean) == len(org)
        assert np.abs(clean[:1500]).max() <= 0.02 * np.abs(clean).max()
        lags = [np.corrcoef(org[100:-100], clean[100 + k : k - 100 or None])[0, 1] for k in
                range(-20, 40)]  # fmt: skip
        assert max(lags) > 0.9


def test_snr_is_in_the_range_of_chime4(nano):
    for name in ("dt05_simu", "et05_simu"):
        for item in annotations(nano, name):
            stem = nano.ext / folder_of(name, item["environment"]) / f"{name_of(item)}.CH4"
            clean = read(stem.with_name(f"{stem.name}.Clean.wav"))
            noise = read(stem.with_name(f"{stem.name}.Noise.wav"))
            # Three signals, each rounded separately.
            assert np.abs(clean + noise - isolated(nano, name, item, 4)).max() <= 1
            snr = 10 * np.log10(np.sum(clean**2) / np.sum(noise**2))
            assert -4 < snr < 17


def test_truth_belongs_to_the_real_recordings(nano):
    for item in annotations(nano, "et05_real"):
        folder = folder_of("et05_real", item["environment"])
        truth = read(nano.truth / folder / f"{name_of(item)}.CH5.wav")
        mixture = isolated(nano, "et05_real", item, 5)
        assert np.corrcoef(truth, mixture)[0, 1] > 0.4
        assert np.corrcoef(truth, mixture - truth)[0, 1] < 0.2
    assert not list(nano.truth.rglob("*.CH0.wav"))


def test_track_lists_name_two_working_channels(nano):
    errors = (nano.data / "annotations" / "mic_error.csv").read_text().splitlines()[1:]
    values = {line.split(",")[0]: [float(v) for v in line.split(",")[1:]] for line in errors}
    assert len(values) == 8 + 4 + 4
    channels = set()
    for name in ("dt05_real", "et05_real", "dt05_simu", "et05_simu"):
        one = (nano.data / "annotations" / f"{name}_1ch_track.list").read_text().split()
        two = (nano.data / "annotations" / f"{name}_2ch_track.list").read_text().splitlines()
        assert [line.split()[0] for line in two] == one
        for line in two:
            for path in line.split():
                folder, utterance, channel = re.fullmatch(r"(.+)/(\w+)\.CH(\d)\.wav", path).groups()
                channels.add(channel)
                assert name.endswith("simu") or values[utterance][int(channel) - 1] > 0.8
            source = nano.audio / "isolated" / line.split()[0]
            folder, utterance = line.split()[0].split("/")
            link = nano.audio / "isolated_1ch_track" / folder / f"{utterance.split('.')[0]}.wav"
            assert link.read_bytes() == source.read_bytes()
    assert len(channels) > 2 and not channels & {"0", "2"}


def test_speakers_and_sentences_are_disjoint(nano):
    items = {subset: [i for n in _COUNTS if n.startswith(subset) for i in annotations(nano, n)]
             for subset in ("tr05", "dt05", "et05")}  # fmt: skip
    for field in ("speaker", "dot", "wsj_name"):
        tr, dt, et = ({item[field] for item in items[subset]} for subset in items)
        assert not tr & dt and not tr & et and not dt & et


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_over_two_processes(nano, tmp_path):
    request = dataclasses.replace(
        nano.request, out=tmp_path / "again", nj=2, truth_dir=None, isolated_ext=None
    )
    assert digests(build(request)) == digests(nano.data)


def test_a_finished_corpus_is_left_alone(nano, monkeypatch):
    monkeypatch.setattr(tasks, "_run", lambda *_: pytest.fail("made something again"))
    assert build(nano.request) == nano.data


def test_an_interrupted_run_is_finished_without_making_parts_again(nano, tmp_path, monkeypatch):
    request = dataclasses.replace(
        nano.request, out=tmp_path / "cut", truth_dir=None, isolated_ext=None
    )
    run, names = tasks._run, []

    def run_few(task, parts):
        names.append(task.name)
        if len(names) == 9:
            raise KeyboardInterrupt
        return run(task, parts)

    monkeypatch.setattr(tasks, "_run", run_few)
    with pytest.raises(KeyboardInterrupt):
        build(request)
    assert not (tmp_path / "cut" / "mini_chime4.json").exists()
    assert digests(build(request)) == digests(nano.data)
    assert names.count(names[8]) == 2
    assert all(names.count(name) == 1 for name in names[:8])


def test_the_truth_never_lies_inside_the_corpus(tmp_path):
    request = Request(tmp_path / "c", "nano", truth_dir=tmp_path / "c" / "data" / "t")
    with pytest.raises(UserError, match="inside the corpus"):
        build(request)
    assert not (tmp_path / "c").exists()


def test_another_corpus_is_not_overwritten(nano):
    with pytest.raises(UserError, match="holds a corpus"):
        build(dataclasses.replace(nano.request, seed=4))


def test_summary_lists_counts(nano):
    assert "tr05_real: 8 utterances, 2 speakers, 0.01 h per channel" in summary(nano.data)
