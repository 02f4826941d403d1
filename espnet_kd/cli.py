"""The command `espnet-kd`: list the commands of `espnet_kd/bin`, and run one by its name.

`espnet-kd score-se ...` is `python -m espnet_kd.bin.score_se ...`. Only the module of the command
that runs is imported.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from espnet_kd import __version__
from espnet_kd.errors import UserError, exit_on_user_error

BIN = Path(__file__).parent / "bin"
# `enhance` is for audio files. The recipe's command of that module name enhances set directories.
RENAMED = {"enhance": "enhance_files", "enhance-sets": "enhance"}
FIRST = ("enhance", "pack", "export-onnx", "export-stock")  # what one does with a trained model


def commands() -> dict[str, str]:
    """Return the module of each command by its name: those for trained models, then by name."""
    modules = [path.stem for path in BIN.glob("*.py") if path.stem != "__init__"]
    names = {module: name for name, module in RENAMED.items()}
    found = {names.get(module, module.replace("_", "-")): module for module in modules}
    return {name: found[name] for name in (*FIRST, *sorted(found.keys() - set(FIRST)))}


def summary(module: str) -> str:
    """Return the first line of a module's docstring, without importing the module."""
    with (BIN / f"{module}.py").open(encoding="utf-8") as lines:
        return next(lines, "").strip().strip('"')


def overview() -> str:
    """Return the list of commands, with one line for each."""
    found = commands()
    width = max(map(len, found))
    lines = [f"  {name:{width}}  {summary(module)}" for name, module in found.items()]
    trained, others = lines[: len(FIRST)], lines[len(FIRST) :]
    return "\n".join(
        [
            "usage: espnet-kd COMMAND [OPTIONS]; espnet-kd COMMAND --help shows the options",
            "",
            "Use a trained model:",
            *trained,
            "",
            "Steps of the recipes, which are also `python -m espnet_kd.bin.<name>`:",
            *others,
        ]
    )


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Run a command with the arguments after its name; without a name, list the commands.

    Args:
        cmd: name and arguments; by default those of the process.

    Raises:
        UserError: there is no command of that name.
    """
    name, *arguments = (sys.argv[1:] if cmd is None else cmd) or ["--help"]
    if name in ("-h", "--help"):
        print(overview())
        return
    if name == "--version":
        print(f"espnet_kd {__version__}")
        return
    found = commands()
    if name not in found:
        raise UserError("espnet-kd", f"has no command '{name}'", _remedy(name, list(found)))
    # The commands read the arguments of the process, and argparse shows the name of the program.
    sys.argv = [f"espnet-kd {name}", *arguments]
    importlib.import_module(f"espnet_kd.bin.{found[name]}").main()


def _remedy(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # slow to import, rarely needed

    close = get_close_matches(name.replace("_", "-"), known, n=1)
    return f"did you mean '{close[0]}'?" if close else "espnet-kd --help lists them"
