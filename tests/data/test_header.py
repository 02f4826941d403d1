"""One reader of headers: sizes that cannot be true, cut files, names that lie."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest
import soundfile

from espnet_kd.data.audio import num_samples, read_samples
from espnet_kd.data.contents import fingerprint, same_samples
from espnet_kd.data.convert import other_format
from espnet_kd.data.decode import read_signal
from espnet_kd.data.header import read_header
from espnet_kd.errors import UserError
from espnet_kd.inference.files.formats import Recording

SAMPLES = np.random.default_rng(0).integers(-900, 900, 20000).astype("<i2")
AUDIO = SAMPLES.tobytes()
SIZE = len(AUDIO)
COMMENT = b"LIST" + struct.pack("<I", 12) + b"INFOICMT\0\0\0\0"


def wav(riff=SIZE + 36, data=SIZE, after=b"", audio=AUDIO, form=(1, 1, 16)):
    """Return a wav file with any sizes in its header; `form` is tag, channels, bits."""
    tag, channels, bits = form
    block = channels * bits // 8
    fields = struct.pack("<HHIIHH", tag, channels, 16000, 16000 * block, block, bits)
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16) + fields
    return head + b"data" + struct.pack("<I", data) + audio + after


def flac(path, samples=SAMPLES, stated=None):
    """Return a FLAC file whose header states a number of samples."""
    soundfile.write(path, samples, 16000, format="FLAC", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    if stated is not None:
        content[21] &= 0xF0
        content[22:26] = struct.pack(">I", stated)
    return bytes(content)


def check_whole(path):
    """All readers find all samples."""
    assert num_samples(path) == len(SAMPLES)
    assert np.array_equal(read_samples(path), SAMPLES)
    assert np.array_equal(read_samples(path, 7000, 15000), SAMPLES[7000:15000])
    assert other_format(path) == ""
    assert np.array_equal(read_signal(path)[0] * 32768, SAMPLES)
    blocks = list(Recording.open(path).blocks(7000))
    assert np.array_equal(np.concatenate(blocks)[:, 0] * 32768, SAMPLES)
    soundfile.write(path.with_suffix(".same"), SAMPLES, 16000, format="WAV")
    assert fingerprint(path) == fingerprint(path.with_suffix(".same"))
    assert same_samples(path, path.with_suffix(".same"))


def encode(kind, subtype="PCM_16", rate=16000, endian=None):
    """Return the samples in a format of libsndfile."""
    content = io.BytesIO()
    soundfile.write(content, SAMPLES, rate, format=kind, subtype=subtype, endian=endian)
    return content.getvalue()


@pytest.mark.brings("audio", "a wav written to a pipe, its data size 0", "its samples are counted")
@pytest.mark.brings(
    "audio", "a wav written to a pipe, its data size near 2 or 4 GiB", "its samples are counted"
)
@pytest.mark.brings(
    "audio", "a wav whose size of the whole file is wrong", "the size of its audio counts"
)
@pytest.mark.parametrize(
    ("riff", "data"),
    [
        (0, 0),
        (36, 0),
        (SIZE + 36, 0),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFDB),
        (0x7FFFF024, 0x7FFFF000),
        (0x80000024, 0x80000000),
        (SIZE + 36, 0xFFFFFFFF),
        (SIZE + 44, SIZE),
        (0xFFFFFFFF, SIZE),
        (0, SIZE),
        (SIZE + 1000, SIZE),
    ],
)
def test_sizes_that_cannot_be_true_are_those_of_the_audio(tmp_path, riff, data):
    (tmp_path / "a.wav").write_bytes(wav(riff, data))
    check_whole(tmp_path / "a.wav")


def test_half_a_sample_at_the_end_of_a_piped_wav_is_none(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(0, 0) + b"\1")
    check_whole(tmp_path / "a.wav")


@pytest.mark.parametrize("after", [b"\0" * 500, b"TAG".ljust(128, b"x"), b"x"])
def test_padding_after_the_audio_is_not_audio(tmp_path, after):
    (tmp_path / "a.wav").write_bytes(wav(after=after))
    check_whole(tmp_path / "a.wav")


@pytest.mark.parametrize("data", [0, SIZE])
def test_chunks_after_the_audio_are_not_audio(tmp_path, data):
    audio = SAMPLES.tobytes()[:data]
    path = tmp_path / "a.wav"
    path.write_bytes(wav(data=data, audio=audio, after=COMMENT * 400))
    assert read_header(path).frames == data // 2


@pytest.mark.brings("audio", "a wav that is cut", "an error with both numbers of samples")
@pytest.mark.parametrize("riff", [SIZE + 36, SIZE + 44, 0, 0xFFFFFFFF, SIZE + 36 - 1000])
@pytest.mark.parametrize("read", [num_samples, read_samples, other_format, read_signal])
def test_a_cut_wav_is_refused_by_all_readers(tmp_path, riff, read):
    (tmp_path / "a.wav").write_bytes(wav(riff)[:-1000])
    with pytest.raises(UserError, match=r"a\.wav: is truncated: 19500 of 20000 samples; restore"):
        read(tmp_path / "a.wav")


@pytest.mark.brings(
    "audio", "a wav that says fewer samples than it has", "an error with both numbers"
)
def test_more_audio_than_the_header_says(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(data=2000))
    with pytest.raises(
        UserError,
        match=r"a\.wav: says that its audio ends after 1000 samples, but 38000 other bytes follow; "
        "write it again",
    ):
        num_samples(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ((1, 0, 16), "says 16000 Hz, 0 channels, 16 bits, 0 bytes for all channels"),
        ((2, 1, 4), "holds WAV|is not an audio file"),
    ],
)
def test_formats_that_cannot_be(tmp_path, form, problem):
    (tmp_path / "a.wav").write_bytes(wav(form=form))
    with pytest.raises(UserError, match=problem):
        num_samples(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", ["WAVEX", "RF64"])
def test_extensible_and_64_bit_wav_are_wav(tmp_path, kind):
    soundfile.write(tmp_path / "a.wav", SAMPLES, 16000, format=kind, subtype="PCM_16")
    check_whole(tmp_path / "a.wav")


def test_a_cut_64_bit_wav(tmp_path):
    soundfile.write(tmp_path / "a.wav", SAMPLES, 16000, format="RF64", subtype="PCM_16")
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-1000])
    with pytest.raises(UserError, match="is truncated: 19500 of 20000 samples"):
        num_samples(tmp_path / "a.wav")


def test_a_piped_wav_in_another_format_is_copied_whole(tmp_path):
    audio = SAMPLES.astype("<i4").tobytes()
    (tmp_path / "a.wav").write_bytes(wav(0, 0, audio=audio, form=(1, 1, 32)))
    assert other_format(tmp_path / "a.wav") == "WAV PCM_32"
    assert np.array_equal(read_signal(tmp_path / "a.wav")[0] * 2**31, SAMPLES)


@pytest.mark.brings("audio", "a FLAC that does not say its length", "its samples are counted")
@pytest.mark.brings("audio", "a FLAC that says fewer samples than it has", "all are read")
@pytest.mark.parametrize("stated", [0, 1000])
@pytest.mark.parametrize("tag", [b"", b"TAG".ljust(128, b"\0")])
def test_a_flac_that_does_not_say_how_long_it_is(tmp_path, stated, tag):
    (tmp_path / "a.flac").write_bytes(flac(tmp_path / "a.flac", stated=stated) + tag)
    check_whole(tmp_path / "a.flac")


def test_a_flac_followed_by_something_else(tmp_path):
    (tmp_path / "a.flac").write_bytes(flac(tmp_path / "a.flac") + b"something else" * 4)
    check_whole(tmp_path / "a.flac")


@pytest.mark.brings("audio", "a FLAC that is cut", "an error, also if it does not say its length")
@pytest.mark.parametrize(
    ("stated", "numbers"), [(None, "12288 of 20000 samples"), (0, "after 12288 samples")]
)
def test_a_cut_flac_is_refused(tmp_path, stated, numbers):
    content = flac(tmp_path / "a.flac", stated=stated)
    (tmp_path / "a.flac").write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(UserError, match=rf"a\.flac: is truncated: {numbers}; restore it"):
        num_samples(tmp_path / "a.flac")


def test_a_flac_that_says_more_samples_than_it_has(tmp_path):
    (tmp_path / "a.flac").write_bytes(flac(tmp_path / "a.flac", stated=20001))
    with pytest.raises(UserError, match="is truncated: 20000 of 20001 samples"):
        num_samples(tmp_path / "a.flac")


@pytest.mark.parametrize("length", [1, 4096, 4097, 300000])
def test_the_last_frame_says_the_length(tmp_path, length):
    samples = np.resize(SAMPLES, length)
    (tmp_path / "a.flac").write_bytes(flac(tmp_path / "a.flac", samples, stated=0))
    assert num_samples(tmp_path / "a.flac") == length


@pytest.mark.brings("audio", "FLAC named .wav, or wav named .flac", "known by its content")
def test_names_do_not_matter(tmp_path):
    content = flac(tmp_path / "b.flac")
    (tmp_path / "a.wav").write_bytes(content)
    (tmp_path / "b.flac").write_bytes(wav())
    check_whole(tmp_path / "a.wav")
    check_whole(tmp_path / "b.flac")


@pytest.mark.brings("audio", "another format named .flac", "an error that names the format")
def test_another_format_named_flac(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, SAMPLES, 16000, format="AIFF", subtype="PCM_16")
    assert other_format(path) == "AIFF PCM_16"
    with pytest.raises(UserError, match=r"a\.flac: holds AIFF PCM_16 samples, not 16-bit PCM in"):
        num_samples(path)


def test_a_cut_aiff(tmp_path):
    path = tmp_path / "a.aiff"
    soundfile.write(path, SAMPLES, 16000, format="AIFF", subtype="PCM_16")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    with pytest.raises(UserError, match=rf"is truncated: {len(whole) - 1000} of {len(whole)} byt"):
        other_format(path)


def test_audio_without_a_header(tmp_path):
    (tmp_path / "a.raw").write_bytes(SAMPLES.tobytes())
    with pytest.raises(UserError, match=r"a\.raw: is not an audio file"):
        num_samples(tmp_path / "a.raw")


TAG = b"ID3\3\0\0\0\0\1\0" + b"\0" * 128


@pytest.mark.brings("audio", "a wav or FLAC with an ID3 tag in front", "it is read like others")
@pytest.mark.parametrize("stated", [None, 0, 1000])
def test_a_tag_in_front_of_flac(tmp_path, stated):
    content = TAG + flac(tmp_path / "a.flac", stated=stated)
    (tmp_path / "a.flac").write_bytes(content)
    check_whole(tmp_path / "a.flac")
    (tmp_path / "a.flac").write_bytes(content[:-5000])
    with pytest.raises(UserError, match="is truncated"):
        num_samples(tmp_path / "a.flac")


@pytest.mark.parametrize("sizes", [(SIZE + 36, SIZE), (0, 0), (0, 0xFFFFFFFF)])
def test_a_tag_in_front_of_wav(tmp_path, sizes):
    (tmp_path / "a.wav").write_bytes(TAG + wav(*sizes))
    check_whole(tmp_path / "a.wav")


@pytest.mark.brings("audio", "BW64, as broadcasters write it", "read like wav")
def test_bw64(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"BW64" + encode("RF64")[4:])
    check_whole(tmp_path / "a.wav")


@pytest.mark.brings(
    "audio", "a cut file of another format (AU, CAF, NIST, Ogg, RIFX, W64, ...)", "an error"
)
@pytest.mark.parametrize(
    "kind", ["AU", "AVR", "CAF", "MAT5", "NIST", "RIFX", "VOC", "W64", "OGG", "Ogg, last page"]
)
def test_a_cut_file_of_another_format(tmp_path, kind):
    path = tmp_path / "a.wav"
    if kind.lower().startswith("ogg"):
        content = encode("OGG", "VORBIS")
        cut = content[: content.rindex(b"OggS")] if "page" in kind else content[:-1000]
    elif kind == "RIFX":
        content = encode("WAV", endian="BIG")
        cut = content[:-1000]
    else:
        content = encode(kind)
        cut = content[:-1000]
    path.write_bytes(content)
    assert read_header(path).frames == len(SAMPLES)
    path.write_bytes(cut)
    with pytest.raises(UserError, match=r"a\.wav: is truncated: .*; restore it"):
        read_header(path)


@pytest.mark.parametrize("kind", ["AU", "RIFX"])
def test_an_unknown_length_in_another_format(tmp_path, kind):
    content = bytearray(encode("WAV", endian="BIG") if kind == "RIFX" else encode("AU"))
    place = content.index(b"data") + 4 if kind == "RIFX" else 8
    content[place : place + 4] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(content)
    assert np.array_equal(read_signal(tmp_path / "a.wav")[0] * 32768, SAMPLES)


def test_a_format_without_seeking_is_compared(tmp_path):
    (tmp_path / "a.wav").write_bytes(encode("WAV", "GSM610", 8000))
    (tmp_path / "b.wav").write_bytes(encode("WAV", "GSM610", 8000))
    assert fingerprint(tmp_path / "a.wav") == fingerprint(tmp_path / "b.wav")


def test_a_second_data_chunk_is_not_lost(tmp_path):
    second = b"data" + struct.pack("<I", 1000) + AUDIO[:1000]
    (tmp_path / "a.wav").write_bytes(wav(after=second))
    with pytest.raises(UserError, match="but 1008 other bytes follow"):
        num_samples(tmp_path / "a.wav")


@pytest.mark.brings("audio", "a pipe or a device instead of a file", "one line, no waiting")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(UserError, match=r"a\.wav: is a pipe or a device, not a file; write the"):
        read_header(tmp_path / "a.wav")


@pytest.mark.brings("audio", "a file name that is not UTF-8", "it is read")
def test_a_name_that_is_not_utf8(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    with open(path, "wb") as out:
        out.write(wav())
    assert num_samples(path) == len(SAMPLES)
    assert len(read_samples(path)) == len(SAMPLES)


@pytest.mark.brings("audio", "a rate of 1 Hz or 4 GHz, with --resample", "an error")
@pytest.mark.parametrize("rate", [1, 4_000_000_000])
def test_a_rate_that_cannot_be(tmp_path, rate):
    content = bytearray(wav())
    content[24:28] = struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match=f"has a sampling rate of {rate} Hz, which is not in 8000"):
        other_format(tmp_path / "a.wav")
