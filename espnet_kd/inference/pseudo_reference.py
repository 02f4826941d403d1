"""Pseudo-references: what a teacher makes of real recordings, as training targets of a student.

Text-informed knowledge distillation trains the student on real recordings against the output of
the frozen teacher (ISCSLP 2022, section 2). The target keeps id, length and scale of the mixture.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines
from espnet_kd.inference.audio import level_dbfs, read_wave
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance
from espnet_kd.inference.writer import begin_outputs, enhance_to, wave_path

# Our reading of "silence": an estimate 40 dB below its mixture, at the level of what it explains of
# it, holds no speech to learn from.
SILENCE_DB = -40.0
RECORD = "teacher.sha256"


@dataclass(frozen=True)
class Row:
    """One utterance of the table.

    Attributes:
        name: utterance id.
        mixture_dbfs: level of the mixture in dB relative to full scale.
        estimate_dbfs: level of the pseudo-reference.
        seconds: duration.
        reason: why it is unusable; empty if it is usable.
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
        """Line of `table.tsv`."""
        levels = (self.mixture_dbfs, self.estimate_dbfs, self.ratio_db, self.seconds)
        return "\t".join([self.name, *(f"{value:.2f}" for value in levels)])


HEADER = "utterance\tmixture_dbfs\testimate_dbfs\tenergy_ratio_db\tseconds"


def make_pseudo_references(
    source: str | os.PathLike,
    out: str | os.PathLike,
    utterances: Sequence[Utterance],
    enhancer: Enhancer,
    inputs: Sequence[str | os.PathLike],
    nj: int = 1,
) -> list[Row]:
    """Write a set directory with the teacher's output as `spk1.scp`.

    Unusable utterances are left out, listed in `excluded.tsv` and counted aloud. A set that
    another teacher, or other text, made is done again as a whole.

    Args:
        source: set directory of the mixtures.
        out: set directory to write: tables of the usable utterances, `spk1.scp`, `wav/`,
            `table.tsv`, `excluded.tsv`, `teacher.sha256`.
        utterances: what `read_utterances` read from `source`.
        enhancer: the teacher.
        inputs: files the result depends on; their checksums go to `teacher.sha256`.
        nj: processes.

    Returns:
        One row for every utterance.

    Raises:
        UserError: bad input, or no usable utterance at all.
    """
    out = Path(out)
    begin_outputs(out, RECORD, inputs)
    enhance_to(out, utterances, enhancer, nj)

    def judge(utt: Utterance) -> Row:
        return _judge(utt, wave_path(out, utt.name))

    rows = list(fork_map(judge, utterances, nj, f"judge {out.name}"))
    write_lines(out / "table.tsv", [HEADER, *(row.columns() for row in rows)])
    excluded = [row for row in rows if row.reason]
    write_lines(
        out / "excluded.tsv", ["utterance\treason", *(f"{r.name}\t{r.reason}" for r in excluded)]
    )
    print(f"{out}: {len(rows) - len(excluded)} usable, {len(excluded)} left out", file=sys.stderr)
    for row in excluded:
        print(f"{out}: left out {row.name}: {row.reason}", file=sys.stderr)
    usable = [row.name for row in rows if not row.reason]
    if not usable:
        raise UserError(out / "excluded.tsv", "no usable utterance", "look at the teacher")
    _write_set(Path(source), out, usable)
    return rows


def _judge(utt: Utterance, estimate_path: Path) -> Row:
    mixture = level_dbfs(read_wave(utt.wave, utt.num_samples))
    seconds = utt.num_samples / SAMPLE_RATE
    if not estimate_path.exists():
        return Row(utt.name, mixture, math.nan, seconds, "samples that are not finite")
    estimate = level_dbfs(soundfile.read(estimate_path)[0])
    row = Row(utt.name, mixture, estimate, seconds)
    if row.ratio_db >= SILENCE_DB:
        return row
    return replace(row, reason=f"silent: energy ratio {row.ratio_db:.1f} dB")


def _write_set(source: Path, out: Path, usable: list[str]) -> None:
    tables = {name: {utt: table[utt] for utt in usable} for name, table in read_set(source).items()}
    tables["spk1.scp"] = {utt: str(wave_path(out, utt)) for utt in usable}
    write_set(out, tables)
