"""Describe the environment of a run in the format of ESPnet's RESULTS files."""

from __future__ import annotations

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from espnet_kd.corpora.mini_chime4.state import marked_parameters

PACKAGES = ("espnet", "torch", "torchaudio", "numpy", "scipy")


def environment_block() -> str:
    """Return a Markdown list of the date, versions, devices and git hash of the checkout."""
    lines = [
        f"- date: `{time.strftime('%a %b %d %H:%M:%S %Z %Y')}`",
        f"- python version: `{platform.python_version()}` on `{platform.system()}`",
        *(f"- {name} version: `{package_version(name)}`" for name in PACKAGES),
        f"- CPU: `{cpu_name()}`",
        f"- GPU: `{_gpu_name()}`",
        f"- Git hash: `{checkout_commit()}`",
        f"  - Commit date: `{_git('log', '-1', '--format=%cd')}`",
    ]
    return "\n".join(lines)


def corpus_line(root: str | None) -> str:
    """Return a list item with what a generated corpus was made from; "" for any other corpus."""
    made_from = marked_parameters(Path(root)) if root else None
    if made_from is None:
        return ""
    return "\n- corpus: mini CHiME-4, " + ", ".join(f"{k} `{v}`" for k, v in made_from.items())


def cpu_name() -> str:
    """Return the model name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def package_version(package: str) -> str:
    """Return the version of an installed package, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def checkout_commit() -> str:
    """Return the hash of the checkout's commit, or "not a git checkout"."""
    return _git("rev-parse", "HEAD")


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


def _git(*arguments: str) -> str:
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return done.stdout.strip()
