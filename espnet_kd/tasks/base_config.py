"""`base: other.yaml` in a YAML: start from the settings of another file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from espnet_kd.errors import UserError
from espnet_kd.registry import load_plugins


def parse_with_base(
    get_parser: Callable[[], argparse.ArgumentParser], cmd: Sequence[str] | None
) -> argparse.Namespace:
    """Parse a command line; what `--config` does not set comes from its `base`, if it has one.

    `base` is a path from the file that has it, or a list of such paths, of which a later one wins.
    A key of a file replaces the whole value of its bases. `plugins` of these files are imported
    first, since they add to the choices that the parser knows.

    Args:
        get_parser: makes ESPnet's parser, which reads `--config` itself and knows `--base`.
        cmd: the command line; None: that of the process.

    Raises:
        UserError: a base that is not there, is no YAML, has an unknown key, or leads in a circle; a
            plugin that cannot be imported.
    """
    config = _config_option().parse_known_args(cmd)[0].config
    files = _with_bases(Path(config), ()) if config and Path(config).is_file() else []
    for _, values in files:
        load_plugins(values.get("plugins") or [])
    parser = get_parser()
    known = {action.dest for action in parser._actions}
    for path, values in files[:-1]:
        for key in values:
            if key not in known:
                raise UserError(path, f"has an unknown key '{key}'", "see --help")
        parser.set_defaults(**values)
    args = parser.parse_args(cmd)
    args.base = None  # its settings are in `args` now, and a saved configuration is complete
    return args


def _config_option() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config")
    return parser


def _with_bases(path: Path, inside: tuple[Path, ...]) -> list[tuple[Path, dict[str, Any]]]:
    """Give the bases of a file and then itself, each with its settings; a later one wins."""
    if path.resolve() in inside:
        raise UserError(path, "is its own base", "take out one `base`")
    values = _read(path)
    base = values.pop("base", None) or []
    files = []
    for name in [base] if isinstance(base, str) else base:
        files += _with_bases(path.parent / name, (*inside, path.resolve()))
    return [*files, (path, values)]


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise UserError(path, "cannot be read", "mend `base` of the YAML that names it") from None
    except yaml.YAMLError as error:
        raise UserError(path, f"is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise UserError(path, "holds no settings", "write key: value")
    return values
