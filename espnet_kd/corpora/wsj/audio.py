"""WSJ's recordings as FLAC: the discs hold SPHERE files compressed by shorten."""

from __future__ import annotations

import contextlib
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
from espnet_kd.data.flac import read_flac, write_flac
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError

SPH2PIPE = ("sph2pipe", "-f", "wav", "-p", "-c", "1")
HEADER = 1024  # bytes of a SPHERE header
_COUNT = re.compile(rb"^sample_count -i (\d+)$", re.MULTILINE)


def require_sph2pipe() -> None:
    """Check that the one program that reads such files is there.

    Raises:
        UserError: it is not.
    """
    if shutil.which(SPH2PIPE[0]) is None:
        raise UserError(
            "sph2pipe",
            "is not on the PATH; nothing else reads WSJ's compressed recordings",
            "install it, or leave WSJ0 and WSJ1 empty in db.sh",
        )


def copy_path(folder: Path, name: str) -> Path:
    """Where the copy of a recording goes."""
    return Path(os.path.abspath(folder)) / name[:3] / f"{name}.flac"


def convert_recordings(sources: Iterable[tuple[str, Path]], folder: Path, nj: int) -> None:
    """Write each recording as `<folder>/<first three letters of its name>/<name>.flac`.

    A copy of the same source that is there is kept: interrupted work goes on where it was.

    Args:
        sources: utterances and their `.wv1` files.
        folder: of the copies.
        nj: number of processes.

    Raises:
        UserError: no sph2pipe; a file that is no SPHERE file, or that it cannot read whole.
        OSError: a full disk.
    """
    require_sph2pipe()
    jobs = ((source, copy_path(folder, name)) for name, source in sources)
    counts = Counter(parallel_map(_convert, jobs, nj, "WSJ recordings", chunk=16))
    print(
        f"{os.path.abspath(folder)}: {counts[True]} recordings converted, {counts[False]} there "
        "already"
    )


def _convert(job: tuple[Path, Path]) -> bool:
    """Write one copy; False if it was there."""
    source, copy = job
    note = {"source": str(source), "size": os.path.getsize(source)}
    with contextlib.suppress(FileNotFoundError):
        if read_flac(copy)[0] == note:
            return False
    fail = functools.partial(UserError, source, mend="restore it")
    with open(source, "rb") as file:
        count = _COUNT.search(file.read(HEADER))
    if count is None:
        raise fail("is no SPHERE file: its header counts no samples")
    done = subprocess.run([*SPH2PIPE, source], capture_output=True, check=False)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise fail(f"cannot be read by sph2pipe ({message or f'status {done.returncode}'})")
    try:
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise fail(f"sph2pipe made no wav of it ({error})") from None
    expected = (int(count[1]), 1, SAMPLE_RATE)
    if (*samples.shape, rate) != expected:
        found = "{} samples in {} channels at {} Hz".format(*samples.shape, rate)
        raise fail(f"has {found}, its header says {expected[0]} in 1 at {SAMPLE_RATE} Hz")
    write_flac(copy, samples[:, 0], note)
    return True
