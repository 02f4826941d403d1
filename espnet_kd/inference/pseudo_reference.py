"""Make pseudo-references: a teacher's output on real recordings, as training targets of a student.

Text-informed knowledge distillation trains the student on real recordings with the output of the
frozen teacher as target (ISCSLP 2022, section 2). The target has the id, length and scale of the
mixture.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from espnet_kd.data.audio import SAMPLE_RATE, read_any_samples
from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.waves import FULL_SCALE, level_dbfs, read_wave
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines
from espnet_kd.inference.utterances import Utterance

# Our interpretation of "silence": an estimate, scaled to match its mixture, that is 40 dB below the
# mixture contains no speech to learn from.
SILENCE_DB = -40.0


@dataclass(frozen=True)
class Row:
    """One utterance of the table.

    Attributes:
        name: utterance id.
        mixture_dbfs: level of the mixture in dB relative to full scale.
        estimate_dbfs: level of the pseudo-reference.
        seconds: duration.
        reason: why the estimate is unusable; empty if it is usable.
    """

    name: str
    mixture_dbfs: float
    estimate_dbfs: float
    seconds: float
    reason: str = ""

    @property
    def ratio_db(self) -> float:
        """Energy of the estimate relative to the mixture in dB."""
        return self.estimate_dbfs - self.mixture_dbfs

    def columns(self) -> str:
        """Return the line of `table.tsv`."""
        levels = (self.mixture_dbfs, self.estimate_dbfs, self.ratio_db, self.seconds)
        return "\t".join([self.name, *(f"{value:.2f}" for value in levels)])


HEADER = "utterance\tmixture_dbfs\testimate_dbfs\tenergy_ratio_db\tseconds"


def write_pseudo_references(
    source: str | os.PathLike, out: str | os.PathLike, utterances: Sequence[Utterance], nj: int = 1
) -> list[Row]:
    """Write a set directory with the teacher's output as `spk1.scp`.

    Unusable utterances are left out, listed in `excluded.tsv`, and reported on stderr.

    Args:
        source: set directory of the mixtures.
        out: set directory to write: tables of the usable utterances, `spk1.scp`, `table.tsv`,
            `excluded.tsv`.
        utterances: utterances of `source`, each with its finished `output`.
        nj: number of processes.

    Returns:
        One row per utterance.

    Raises:
        UserError: the input is bad, or no utterance is usable.
    """
    out = Path(out)
    rows = list(parallel_map(_judge, utterances, nj, f"check {out.name}", chunk=64))
    write_lines(out / "table.tsv", [HEADER, *(row.columns() for row in rows)])
    excluded = [row for row in rows if row.reason]
    write_lines(
        out / "excluded.tsv", ["utterance\treason", *(f"{r.name}\t{r.reason}" for r in excluded)]
    )
    print(f"{out}: {len(rows) - len(excluded)} usable, {len(excluded)} left out", file=sys.stderr)
    for row in excluded:
        print(f"{out}: left out {row.name}: {row.reason}", file=sys.stderr)
    usable = {row.name for row in rows if not row.reason}
    if not usable:
        raise UserError(out / "excluded.tsv", "lists all utterances", "check the teacher")
    _write_set(Path(source), out, [utt for utt in utterances if utt.name in usable])
    return rows


def _judge(utt: Utterance) -> Row:
    mixture = level_dbfs(read_wave(utt.wave, utt.num_samples))
    seconds = utt.num_samples / SAMPLE_RATE
    if not utt.output.exists():
        return Row(utt.name, mixture, math.nan, seconds, "samples that are not finite")
    estimate = level_dbfs(read_any_samples(utt.output) / FULL_SCALE)
    row = Row(utt.name, mixture, estimate, seconds)
    if row.ratio_db >= SILENCE_DB:
        return row
    return replace(row, reason=f"silent: energy ratio {row.ratio_db:.1f} dB")


def _write_set(source: Path, out: Path, usable: list[Utterance]) -> None:
    tables = {
        name: {utt.name: table[utt.name] for utt in usable}
        for name, table in read_set(source).items()
    }
    tables["spk1.scp"] = {utt.name: str(utt.output) for utt in usable}
    write_set(out, tables)
