"""Text that no file of the project may contain."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Spelled in parts, so that this file does not contain them.
FORBIDDEN = {
    "a package registry's host": "py" + r"pi\.org|python" + r"hosted\.org|py" + r"torch\.org/whl",
    "a path of one machine": r"(?<![\w.])/(wo" + r"rk|home|ro" + r"ot|opt|Users)/\w",
    "unfinished work": "TO" + "DO|FIX" + "ME|NotImplemented" + r"Error|pytest\.sk" + "ip",
}


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what):
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(FORBIDDEN[what], line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found, "\n".join(found)
