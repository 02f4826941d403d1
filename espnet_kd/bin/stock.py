"""Run a module of stock ESPnet with the work-arounds: `stock espnet2.bin.asr_train ARGS`.

Parallel jobs, `stock --job K MODULE ARGS`, take the visible GPUs in turn.
"""

from __future__ import annotations

import contextlib
import importlib.util
import runpy
import sys
from pathlib import Path

from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns, read_lines
from espnet_kd.naming import first_few


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Run a module with its arguments as `python -m` would.

    Args:
        cmd: module and its arguments, optionally after `--job K`; by default those of the process.

    Raises:
        UserError: no module is given, or it does not exist.
    """
    cmd = sys.argv[1:] if cmd is None else cmd
    job = 0
    if cmd[:1] == ["--job"] and cmd[1:2] and cmd[1].isdigit():
        job, cmd = int(cmd[1]), cmd[2:]
    if not cmd or cmd[0].startswith("-"):
        raise UserError("stock", "no module given", "example: stock espnet2.bin.asr_train --help")
    module, *arguments = cmd
    host.prepare()
    sys.argv = [module, *arguments]
    if not _exists(module):
        raise UserError(module, "is not a module", "example: espnet2.bin.asr_train")
    if job:
        take_gpu(job - 1)
    _run(module, arguments)
    if "--output_dir" in arguments[:-1]:
        _report(module, arguments[arguments.index("--output_dir") + 1])


def _run(module: str, arguments: list[str]) -> None:
    from espnet_kd.data import espnet_reader
    from espnet_kd.tasks.worker_errors import behind

    espnet_reader.install()
    host.name_short_signals()
    checks: contextlib.AbstractContextManager = contextlib.nullcontext()
    if module.endswith("_train"):
        from espnet_kd.tasks.stock_training import checked_trainings

        checks = checked_trainings()
    try:
        with checks:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except RuntimeError as error:
        if (found := behind(error)) is None:
            raise
        raise found from None
    except host.too_short_error() as error:
        raise _too_short(module, arguments, error) from None


def _too_short(module: str, arguments: list[str], error: Exception) -> UserError:
    """Return an error with the shortest utterance of a training's first shape files."""
    shapes = {}
    for option, value in zip(arguments, arguments[1:], strict=False):
        if option in ("--train_shape_file", "--valid_shape_file"):
            shapes.setdefault(option, value)
    lengths = [
        (int(shape.split(",")[0]), name, path)
        for path in shapes.values()
        for name, shape in read_columns(path).items()
    ]
    if not lengths:
        return UserError(module, f"an utterance {error}", "leave it out")
    length, name, path = min(lengths)
    problem = f"utterance '{name}' has {length} samples, too short for the model (it {error})"
    return UserError(path, problem, "leave it out of the corpus")


def _report(module: str, output: str) -> None:
    if module.endswith("_train"):
        from espnet_kd.tasks.history import print_end

        print_end(output)
    elif module.endswith("asr_inference"):
        print_empty(Path(output) / "1best_recog/text")


def print_empty(hypotheses: Path) -> None:
    """Say how many hypotheses of a decoding are empty, e.g. of recordings that are too short."""
    texts = [line.split() for line in read_lines(hypotheses)] if hypotheses.exists() else []
    empty = [words[0] for words in texts if len(words) == 1]
    if empty:
        print(
            f"warning: {hypotheses}: {len(empty)} of {len(texts)} hypotheses are empty: "
            f"{first_few(empty)}",
            file=sys.stderr,
        )


def take_gpu(job: int) -> None:
    """If several GPUs are visible, make one of them the current GPU of this process.

    Args:
        job: number of the job, from 0.
    """
    import torch

    if torch.cuda.is_available() and torch.cuda.device_count() > 1:
        torch.cuda.set_device(job % torch.cuda.device_count())


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
