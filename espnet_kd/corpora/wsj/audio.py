"""Convert WSJ's recordings to FLAC; the discs hold SPHERE files compressed by shorten."""

from __future__ import annotations

import functools
import io
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import soundfile

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.noted_audio import has_note, write_noted
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.origin import stamp

SPH2PIPE = ("sph2pipe", "-f", "wav", "-p", "-c", "1")
HEADER = 1024  # size of a SPHERE header in bytes
_COUNT = re.compile(rb"^sample_count -i (\d+)$", re.MULTILINE)


def require_sph2pipe() -> None:
    """Check that sph2pipe, the only program that reads these files, is on the PATH.

    Raises:
        UserError: it is not on the PATH.
    """
    if shutil.which(SPH2PIPE[0]) is None:
        raise UserError(
            "sph2pipe",
            "is not on the PATH, and nothing else reads WSJ's compressed recordings",
            "install it, or leave WSJ0 and WSJ1 empty in db.sh",
        )


def copy_path(folder: Path, name: str) -> Path:
    """Return the path of the copy of a recording."""
    return Path(os.path.abspath(folder)) / name[:3] / f"{name}.flac"


def convert_recordings(sources: Iterable[tuple[str, Path]], folder: Path, nj: int) -> None:
    """Write each recording as `<folder>/<first three letters of its name>/<name>.flac`.

    An existing copy of the same source is kept, so an interrupted run can be resumed.

    Args:
        sources: utterances and their `.wv1` files.
        folder: folder for the copies.
        nj: number of processes.

    Raises:
        UserError: sph2pipe is missing, or a file is not a SPHERE file or cannot be read completely.
        OSError: the disk is full.
    """
    require_sph2pipe()
    jobs = ((source, copy_path(folder, name)) for name, source in sources)
    counts = Counter(parallel_map(_convert, jobs, nj, "WSJ recordings", chunk=16))
    print(
        f"{os.path.abspath(folder)}: {counts[True]} recordings converted, {counts[False]} already "
        "there"
    )


def _convert(job: tuple[Path, Path]) -> bool:
    """Write one copy; return False if it already exists."""
    source, copy = job
    note = {"source": str(source), "made_of": stamp(source)}
    if has_note(copy, note):
        return False
    fail = functools.partial(UserError, source, fix="restore it")
    with open(source, "rb") as file:
        count = _COUNT.search(file.read(HEADER))
    if count is None:
        raise fail("is not a SPHERE file: its header has no sample count")
    done = subprocess.run([*SPH2PIPE, source], capture_output=True, check=False)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise fail(f"cannot be read by sph2pipe ({message or f'status {done.returncode}'})")
    try:
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise fail(f"cannot be converted to wav by sph2pipe ({error})") from None
    expected = (int(count[1]), 1, SAMPLE_RATE)
    if (*samples.shape, rate) != expected:
        found = "{} samples in {} channels at {} Hz".format(*samples.shape, rate)
        raise fail(f"has {found}, but its header says {expected[0]} in 1 at {SAMPLE_RATE} Hz")
    write_noted(copy, samples[:, 0], note)
    return True
