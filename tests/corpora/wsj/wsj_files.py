"""Write small copies of WSJ0 and WSJ1, and an `sph2pipe` that reads their recordings."""

from __future__ import annotations

import gzip
import sys
import zlib
from pathlib import Path

import numpy as np

SAMPLES = 4000

# Takes the same options and file as the real program, and writes a wav to stdout. zlib replaces
# shorten as the compression.
SPH2PIPE = f"""#!{sys.executable}
import io, sys, wave, zlib
if sys.argv[1:-1] != ["-f", "wav", "-p", "-c", "1"]:
    sys.exit("bad options " + " ".join(sys.argv[1:]))
content = open(sys.argv[-1], "rb").read()
try:
    samples = zlib.decompress(content[1024:])
except zlib.error:
    sys.exit("cannot be decompressed")
out = io.BytesIO()
with wave.open(out, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(16000)
    file.writeframes(samples)
sys.stdout.buffer.write(out.getvalue())
"""


def recording(utterance: str) -> np.ndarray:
    """Return (SAMPLES,) int16, different for each name."""
    rng = np.random.default_rng(zlib.crc32(utterance.encode()))
    return rng.integers(-3000, 3000, SAMPLES).astype(np.int16)


def write_sphere(path: Path, samples: np.ndarray) -> Path:
    """Write a NIST SPHERE file: a header of 1024 bytes, then compressed samples."""
    fields = (
        f"sample_count -i {len(samples)}",
        "sample_rate -i 16000",
        "channel_count -i 1",
        "sample_n_bytes -i 2",
        "sample_byte_format -s2 01",
        "sample_coding -s26 pcm,embedded-shorten-v1.09",
        "end_head",
    )
    header = "NIST_1A\n   1024\n" + "".join(f"{field}\n" for field in fields)
    path.parent.mkdir(parents=True, exist_ok=True)
    compressed = zlib.compress(samples.astype("<i2").tobytes())
    path.write_bytes(header.encode().ljust(1024) + compressed)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_wsj0(root: Path) -> Path:
    """Write three discs; their index lists two utterances of 011, and one of 401 to leave out."""
    names = ("011c0201", "011c0202")
    listed = [f"11_1_1:wsj0/si_tr_s/011/{name}.wv1\n" for name in names]
    listed.append("11_2_1: /wsj0/si_tr_s/401/401c0201.wv1\n")
    index = ";; Index for WSJ0 SI-short Sennheiser training data\n" + "".join(listed)
    write(root / "11-13.1/wsj0/doc/indices/train/tr_s_wv1.ndx", index)
    for name in names:
        write_sphere(root / f"11-1.1/wsj0/si_tr_s/011/{name}.wv1", recording(name))
    write(
        root / "11-4.1/wsj0/transcrp/dots/si_tr_s/011/011c0200.dot",
        "Stocks fell ,COMMA [LOUD_BREATH] he said (011c0201)\n"
        "PRICES ROSE TEN %PERCENT (011c0202)\n",
    )
    return root


def write_wsj1(root: Path) -> Path:
    """Write two discs; on one of them, names are in capitals."""
    write(root / "13-34.1/wsj1/doc/indices/si_tr_s.ndx", "13_1_1:wsj1/si_tr_s/4ab/4abc0201.wv1\n")
    write_sphere(root / "13-1.1/WSJ1/SI_TR_S/4AB/4ABC0201.WV1", recording("4abc0201"))
    write(root / "13-34.1/wsj1/trans/wsj1/si_tr_s/4ab/4abc0200.dot", "THE MAYOR SPOKE (4abc0201)\n")
    return root


def write_sph2pipe(folder: Path) -> Path:
    """Write the program; return `folder`, which must be on the PATH."""
    program = write(folder / "sph2pipe", SPH2PIPE)
    program.chmod(0o755)
    return folder


def write_lm_text_files(root: Path) -> Path:
    """Add the language-model text of three years to WSJ1."""
    years = {
        "87": "<s.1>\nStocks fell  again\n\n<s.2>\nCAFÉ SALES ROSE\n",
        "88": "mr. smith isn't here\n",
        "89": "PRICES ROSE\nROOM 12\n",
    }
    for year, text in years.items():
        path = root / f"13-32.1/wsj1/doc/lng_modl/lm_train/np_data/{year}/w{year}_001.z"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode("latin-1")))
    return root
