"""Preprocessing of one utterance: audio, speed, second mixture, alignment, text, category."""

import numpy as np
import pytest
import soundfile
from espnet2.train import preprocessor as espnet_preprocessor
from espnet2.train.preprocessor import CommonPreprocessor, EnhPreprocessor

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.speed import perturb, perturbed_length
from espnet_kd.enh.preprocessor import EnhKDPreprocessor
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.inference.forced_alignment import scale_alignment

TOKENS = ["<blank>", "<unk>", "<NOISE>", "<space>", *"ABCDE", "<sos/eos>"]
TEXT = "BAD <NOISE> CAFE"


@pytest.fixture
def token_list(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text("\n".join(TOKENS) + "\n")
    return str(path)


@pytest.fixture
def preprocess(token_list):
    return EnhKDPreprocessor(True, "char", token_list, sample_rate=16000)


def audio(length=1001):
    rng = np.random.default_rng(0)
    mixture, reference = 0.1 * rng.standard_normal((2, length)).astype(np.float32)
    return {"speech_mix": mixture, "speech_ref1": reference}


@pytest.mark.parametrize("train", [True, False])
def test_audio_passes_unchanged(train):
    given = audio()
    found = EnhKDPreprocessor(train, sample_rate=16000)("a", dict(given))
    assert found.keys() == given.keys()
    for name, samples in given.items():
        np.testing.assert_array_equal(found[name], samples)


@pytest.fixture
def searches(monkeypatch):
    """Record the signals that ESPnet searches for silence."""
    found, search = [], espnet_preprocessor.detect_non_silence

    def counted(wave):
        found.append(wave)
        return search(wave)

    monkeypatch.setattr(espnet_preprocessor, "detect_non_silence", counted)
    yield found
    assert espnet_preprocessor.detect_non_silence is counted  # restored after each utterance


def test_no_unnecessary_search_for_silence(searches):
    EnhKDPreprocessor(True, sample_rate=16000)("a", audio())
    assert not searches


def test_espnets_noise_is_added_at_the_level_of_speech(tmp_path, searches):
    soundfile.write(tmp_path / "n.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 4000), 16000)
    (tmp_path / "noises.scp").write_text(f"n {tmp_path}/n.wav\n")
    options = {"sample_rate": 16000, "noise_scp": str(tmp_path / "noises.scp")}
    options |= {"noise_apply_prob": 1.0, "noise_db_range": "3_5"}
    found = []
    for kind in (EnhKDPreprocessor, EnhPreprocessor):
        np.random.seed(0)
        found.append(kind(True, **options)("a", audio(8000))["speech_mix"])
    assert len(searches) == 4  # reference and mixture, in both preprocessors
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_speed_is_the_same_for_mixture_and_reference(preprocess, speed):
    given = audio()
    found = preprocess("a", {**given, "speed": np.array([speed])})
    assert "speed" not in found
    for name, samples in given.items():
        assert len(found[name]) == perturbed_length(len(samples), speed)
        np.testing.assert_array_equal(found[name], perturb(samples, speed))


def test_clipping_changes_both_by_one_gain(preprocess):
    """ESPnet attenuates a mixture above full scale; the reference must have the same gain."""
    given = {name: 10 * samples for name, samples in audio().items()}
    found = preprocess("a", dict(given))
    gain = 1 / np.abs(given["speech_mix"]).max()
    assert gain < 0.9
    for name, samples in given.items():
        np.testing.assert_allclose(found[name], gain * samples, rtol=1e-5)


def test_speed_perturbs_a_mixture_without_reference(preprocess):
    evaluate = EnhKDPreprocessor(False, sample_rate=16000)
    found = evaluate("a", {"speech_mix": audio()["speech_mix"], "speed": np.array([0.9])})
    assert len(found["speech_mix"]) == perturbed_length(1001, 0.9)


@pytest.fixture
def noise_scp(tmp_path):
    """Return a list of one recording, a ramp instead of noise."""
    soundfile.write(tmp_path / "n.wav", np.arange(8000) / 32768, 16000, subtype="PCM_16")
    write_columns(tmp_path / "noise.scp", {"n": tmp_path / "n.wav"})
    return str(tmp_path / "noise.scp")


def second_noise(data):
    return (data["speech_mix2"] - data["speech_ref1"]).astype(np.float64)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("options", [{}, {"speech_volume_normalize": "0.3_0.9"}])
def test_second_mixture_has_the_reference_and_level_of_the_first(noise_scp, train, options):
    """This also holds if ESPnet changes the level, and after speed perturbation."""
    process = EnhKDPreprocessor(train, second_noise_scp=noise_scp, sample_rate=16000, **options)
    given = {name: 10 * samples for name, samples in audio().items()}
    found = process("a", {**given, "speed": np.array([0.9]), "category": "SIMU"})
    assert found["speech_mix2"].shape == (perturbed_length(1001, 0.9),)
    first = (found["speech_mix"] - found["speech_ref1"]).astype(np.float64)
    noise = second_noise(found)
    np.testing.assert_allclose(np.square(noise).sum(), np.square(first).sum(), rtol=1e-4)
    np.testing.assert_allclose(np.diff(noise), np.diff(noise).mean(), rtol=5e-2)


def test_second_noise_is_new_in_training_and_fixed_in_evaluation(noise_scp):
    given = {**audio(), "category": "SIMU"}
    for train in (True, False):
        process = EnhKDPreprocessor(train, second_noise_scp=noise_scp, sample_rate=16000)
        first, second = (second_noise(process("a", dict(given))) for _ in range(2))
        assert np.array_equal(first, second) != train


@pytest.mark.parametrize("category", ["REAL", "CLEAN", None])
def test_no_second_mixture_for_other_categories(noise_scp, category):
    process = EnhKDPreprocessor(True, second_noise_scp=noise_scp, sample_rate=16000)
    given = audio() if category is None else {**audio(), "category": category}
    assert "speech_mix2" not in process("a", given)


def test_no_second_mixture_without_reference_or_list(noise_scp):
    mixture = {"speech_mix": audio()["speech_mix"], "category": "SIMU"}
    process = EnhKDPreprocessor(False, second_noise_scp=noise_scp, sample_rate=16000)
    assert "speech_mix2" not in process("a", mixture)
    process = EnhKDPreprocessor(True, sample_rate=16000)
    assert "speech_mix2" not in process("a", {**audio(), "category": "SIMU"})


@pytest.mark.parametrize("speed", ["0.9", "1.0", "1.1"])
def test_character_times_follow_the_perturbed_audio(preprocess, speed):
    """A click at each character's time stays there; the times are written as in stages 2 and 5."""
    times = [200, 900, 1700]
    clicks = np.zeros(2 * 16000, dtype=np.float32)
    clicks[[16 * time for time in times]] = 0.5
    name = f"sp{speed}-a"
    line = scale_alignment({"a": " ".join(map(str, times))}, {name: speed}, "align")[name]
    found = preprocess(
        name,
        {
            "speech_mix": clicks,
            "speech_ref1": clicks.copy(),
            "speed": np.array([float(speed)]),
            "text": "BAD",
            "align": np.array(line.split(), dtype=np.int64),
        },
    )
    clicked = [16 * round(time) for time in found["align"]]
    for sample in clicked:
        assert np.abs(found["speech_mix"][sample - 16 : sample + 17]).max() > 0.3


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_alignment_is_not_scaled_by_speed(preprocess, dtype):
    given = {**audio(), "text": "BAD", "align": np.array([90, 180, 270], dtype=dtype)}
    found = preprocess("a", {**given, "speed": np.array([0.9])})
    np.testing.assert_allclose(found["align"], [90.0, 180.0, 270.0], rtol=1e-6)
    assert found["align"].dtype == preprocess("a", dict(given))["align"].dtype == np.float32


def test_text_ids_equal_those_of_the_recognizer(preprocess, token_list):
    recognizer = CommonPreprocessor(
        train=False,
        token_type="char",
        token_list=token_list,
        non_linguistic_symbols=["<NOISE>"],
    )
    found = preprocess("a", {**audio(), "text": TEXT})["text"]
    np.testing.assert_array_equal(found, recognizer("a", {"text": TEXT})["text"])
    assert [TOKENS[i] for i in found] == [
        *("B", "A", "D", "<space>", "<NOISE>", "<space>", "C", "A", "<unk>", "E")
    ]
    assert found.dtype == np.int64


def test_text_is_dropped_without_tokens():
    found = EnhKDPreprocessor(True, sample_rate=16000)("a", {**audio(), "text": TEXT})
    assert "text" not in found


@pytest.mark.parametrize("category", CATEGORIES)
def test_category_index(preprocess, category):
    found = preprocess("a", {**audio(), "category": category})
    assert "category" not in found
    assert found["utt2category"].tolist() == [CATEGORIES.index(category)]


def corrupted(name, value):
    data = audio()
    data[name][500] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (corrupted("speech_mix", np.nan), "utt1: speech_mix contains NaN"),
        (corrupted("speech_ref1", np.inf), "utt1: speech_ref1 contains NaN or inf"),
        (
            {**audio(), "speech_ref1": np.zeros(900, np.float32)},
            "utt1: the mixture has 1001 samples, the reference 900",
        ),
        ({**audio(), "category": "SIMUL"}, "'utt1' has category 'SIMUL'; use one of SIMU, REAL"),
        (
            {**audio(), "text": "BAD", "align": np.array([1, 2])},
            "'utt1' has 2 times for 3 characters",
        ),
    ],
)
def test_bad_data_is_reported_in_one_line(preprocess, data, message):
    with pytest.raises(UserError, match=message) as error:
        preprocess("utt1", data)
    assert "\n" not in str(error.value)
