"""Any bytes in a header: the right samples, or one line; nothing lost in silence."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espnet_kd.data.audio import num_samples, read_samples
from espnet_kd.data.convert import other_format
from espnet_kd.errors import UserError

SAMPLES = np.random.default_rng(0).integers(1, 900, 6000).astype("<i2")
AUDIO = SAMPLES.tobytes()
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIZES = st.one_of(
    st.sampled_from([0, 36, len(AUDIO), len(AUDIO) + 36, 0x7FFFF000, 0x80000000, 0xFFFFFFFF]),
    st.integers(0, 0xFFFFFFFF),
)
CHUNK = b"LIST" + struct.pack("<I", 4) + b"INFO"


def readers_agree(path: Path) -> np.ndarray | None:
    """Return the samples; None if a reader refuses the file, in one line that names it."""
    results = []
    for read in (num_samples, other_format, read_samples):
        try:
            results.append(read(path))
        except UserError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            results.append(None)
    length, other, samples = results
    if samples is None:
        return None
    assert other == "" and length == len(samples)
    return samples


@EXAMPLES
@given(
    riff=SIZES,
    data=SIZES,
    before=st.sampled_from([b"", CHUNK]),
    after=st.sampled_from([b"", CHUNK, b"\0", b"junk"]),
    cut=st.sampled_from([0, 0, 2, 1001, 6000]),
)
def test_sizes_of_a_wav(tmp_path, riff, data, before, after, cut):
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16)
    head += struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16) + before
    present = AUDIO[: len(AUDIO) - cut] + after
    path = tmp_path / "a.wav"
    path.write_bytes(head + b"data" + struct.pack("<I", data) + present)
    found = readers_agree(path)
    if data == len(AUDIO) and not cut:
        assert (found is None) == (after == b"junk")
    if found is not None:
        expected = np.frombuffer(present[: len(present) // 2 * 2], "<i2")
        assert np.array_equal(found, expected[: len(found)])
        lost = len(present) - 2 * len(found)
        assert lost <= len(after) + 1, "samples are lost"


@EXAMPLES
@given(
    stated=st.one_of(st.sampled_from([0, 1, 5999, 6000, 6001]), st.integers(0, 2**36 - 1)),
    cut=st.sampled_from([0, 0, 1, 2, 700, 5000]),
)
def test_stated_length_of_a_flac(tmp_path, stated, cut):
    path = tmp_path / "a.flac"
    soundfile.write(path, SAMPLES, 16000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    fields = int.from_bytes(content[18:26], "big") >> 36 << 36 | stated
    content[18:26] = fields.to_bytes(8, "big")
    path.write_bytes(content[: len(content) - cut])
    found = readers_agree(path)
    assert (found is None) == bool(cut or stated > len(SAMPLES))
    if found is not None:
        assert np.array_equal(found, SAMPLES)


@EXAMPLES
@given(
    container=st.sampled_from(["WAV", "WAVEX", "RF64", "FLAC", "AIFF", "OGG"]),
    place=st.integers(0, 119),
    bytes_there=st.binary(min_size=1, max_size=8),
    keep=st.one_of(st.none(), st.integers(0, 200)),
)
def test_damaged_headers(tmp_path, container, place, bytes_there, keep):
    path = tmp_path / "a"
    subtype = "VORBIS" if container == "OGG" else "PCM_16"
    soundfile.write(path, SAMPLES[:500], 16000, format=container, subtype=subtype)
    content = bytearray(path.read_bytes())
    content[place : place + len(bytes_there)] = bytes_there
    path.write_bytes(content[:keep])
    readers_agree(path)
