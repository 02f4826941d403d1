"""Measure stages 1 and 2 of the CHiME-4 recipe on lists of growing size."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command_cost import Cost, cost_of
from benchmarks.fake_audio import Recordings
from benchmarks.fake_chime4 import MICROPHONES, FakeChime4
from benchmarks.fake_wsj import write_wsj
from benchmarks.sections import put_section
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.progress import progress
from espnet_kd.report.environment import environment_block
from espnet_kd.report.markdown import GAP, table

RECIPE = Path(__file__).parents[1] / "egs2/chime4/enh_kd1"
STAGES = (1, 2)
PUBLISHED = 89844  # training utterances: 7138 and 1600 in six channels, and 37416 of WSJ
CHIME4 = {
    "tr05_simu": 7138,
    "tr05_real": 1600,
    "dt05_simu": 1640,
    "dt05_real": 1640,
    "et05_simu": 1320,
    "et05_real": 1320,
    "tr05_org": 7138,
    "tr05_bth": 399,
    "dt05_bth": 410,
    "et05_bth": 330,
}
HEADER = (
    "training utterances",
    "stage 1 (s)",
    "stage 2 (s)",
    "both (s)",
    "utterances/s",
    "slope",
    "memory of stage 1 (MB)",
    "of stage 2 (MB)",
)
NOTES = """\
Stages 1 and 2 of `egs2/chime4/enh_kd1`, started as a user starts them, with the speed factors 0.9
1.0 1.1 for the simulated training set. The recordings of the corpus are links to a hundred silent
files of 1 to 7 s, which have just been written and are therefore in the system's cache. Training
utterances are those of CHiME-4's simulated and recorded sets, where each of the six channels counts
as one utterance, and those of train_si284; evaluation sets are scaled in proportion. Work on
samples is not measured: references by subtraction and FLAC copies of WSJ already exist, as after an
interrupted run, and are checked as in that case. There is no text of WSJ1 for a language model. The
slope is that of log seconds over log utterances, between a row and the row above: 1 is linear. The
start of Python takes the same time for all sizes and lowers the slope. The slope of a line through
all rows is below the table. Memory is the peak of all processes of a stage together."""


@dataclass(frozen=True)
class Row:
    """The cost of the stages for one size."""

    utterances: int
    costs: Sequence[Cost]

    @property
    def seconds(self) -> float:
        return sum(cost.seconds for cost in self.costs)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--utterances",
        nargs="+",
        type=int,
        default=[1000, 10000, PUBLISHED],
        help=f"numbers of training utterances, in rising order; CHiME-4 and WSJ have {PUBLISHED}",
    )
    parser.add_argument("--nj", type=int, default=2, help="number of processes")
    parser.add_argument("--scratch", help="directory for temporary files, by default the system's")
    parser.add_argument("--out", default="benchmarks/RESULTS.md", help="page for the section")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Measure, and write the table to the page."""
    args = get_parser().parse_args(cmd)
    sizes = args.utterances
    if min(sizes) < 100 or sizes != sorted(set(sizes)):
        raise UserError("--utterances", f"are {sizes}", "give rising numbers of 100 or more")
    rows = []
    for size in progress(sizes, "sizes"):
        with tempfile.TemporaryDirectory(dir=args.scratch) as directory:
            rows.append(Row(size, measure(size, args.nj, Path(directory))))
    text = scale_table(rows)
    options = sys.argv[1:] if cmd is None else cmd
    command = shlex.join(["python", "-m", "benchmarks.data_scale", *options])
    set_up = f"{environment_block()}\n- {args.nj} processes\n- command: `{command}`"
    put_section(args.out, "Data stages on long lists", f"{set_up}\n\n{text}\n\n{NOTES}")
    print(text)


def measure(size: int, nj: int, directory: Path) -> list[Cost]:
    """Run the stages on a corpus and return the cost of each.

    Args:
        size: number of training utterances.
        nj: number of processes.
        directory: empty directory for the corpora and for what the stages write.

    Raises:
        UserError: a stage failed.
    """
    corpora = directory / "corpora"
    recipe = directory / "recipe"
    recipe.mkdir()
    for path in RECIPE.iterdir():
        (recipe / path.name).symlink_to(path)
    sizes, wsj = set_sizes(size)
    recordings = Recordings(corpora / "linked")
    corpus = FakeChime4(corpora / "CHiME4", sizes, recordings)
    corpus.write()
    corpus.write_references(recipe / "dump/references")
    discs = {name: corpora / name for name in ("WSJ0", "WSJ1")}
    write_wsj(discs["WSJ0"], discs["WSJ1"], wsj, recordings, recipe / "dump/wsj")
    # Stage 1 requires sph2pipe to be installed, but does not run it where a copy already exists.
    reader = corpora / "bin/sph2pipe"
    reader.parent.mkdir()
    reader.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    reader.chmod(0o755)
    environment = {
        "CHIME4": str(corpora / "CHiME4"),
        "CHIME4_ANNOTATIONS": "",
        "ISOLATED_EXT": "",
        **{name: str(path) for name, path in discs.items()},
        "PATH": f"{reader.parent}:{sys.exec_prefix}/bin:/usr/bin:/bin",
    }
    common = ("./run.sh", "--nj", str(nj), "--local_data_opts", "--allow_partial true")
    return [
        cost_of(
            (*common, "--stage", str(stage), "--stop_stage", str(stage)),
            recipe,
            environment,
            directory / f"stage{stage}.log",
        )
        for stage in STAGES
    ]


def set_sizes(size: int) -> tuple[dict[str, int], int]:
    """Return the sizes of CHiME-4's sets and of train_si284, in their published proportions.

    Args:
        size: number of training utterances.
    """
    sets = {name: max(round(n * size / PUBLISHED), 2) for name, n in CHIME4.items()}
    channels = len(MICROPHONES)
    return sets, size - channels * (sets["tr05_simu"] + sets["tr05_real"])


def slope(rows: Sequence[Row]) -> float:
    """Return the least-squares slope of log seconds over log utterances."""
    x = [math.log(row.utterances) for row in rows]
    y = [math.log(row.seconds) for row in rows]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    products = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return products / sum((a - mean_x) ** 2 for a in x)


def scale_table(rows: Sequence[Row]) -> str:
    """Return a Markdown table with one row per size, and the slope of all rows."""
    cells = []
    for number, row in enumerate(rows):
        first, second = row.costs
        cells.append(
            (
                str(row.utterances),
                f"{first.seconds:.1f}",
                f"{second.seconds:.1f}",
                f"{row.seconds:.1f}",
                f"{row.utterances / row.seconds:.0f}",
                f"{slope(rows[number - 1 : number + 1]):.2f}" if number else GAP,
                f"{first.megabytes:.0f}",
                f"{second.megabytes:.0f}",
            )
        )
    text = table(HEADER, cells)
    return f"{text}\n\nSlope of all rows: {slope(rows):.2f}" if len(rows) > 1 else text


if __name__ == "__main__":
    main()
