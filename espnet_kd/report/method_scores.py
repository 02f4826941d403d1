"""Scores of KD methods and their seeds as files on disk, and which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.report.comparison import measures_on_sets
from espnet_kd.report.markdown import set_title, system_title
from espnet_kd.report.score_columns import Column, se_columns, wer_columns
from espnet_kd.report.se_tables import load_se_results
from espnet_kd.report.wer_tables import load_wer_results
from espnet_kd.scoring.seeds import seeded_name, seeds_of

SIMU_METRICS, TRUTH_METRICS = ("si_snr", "sdr", "pesq_raw", "stoi"), ("si_snr",)


@dataclass(frozen=True)
class MethodScores:
    """What was scored.

    Attributes:
        simu: measures on simulated sets.
        real: WER on real sets, then scores against true images, which only a generated corpus has.
        members: row -> its systems: a method's trainings, or an unseeded system itself.
        seeds: those that any method was trained with; each method should have them all.
    """

    simu: list[Column]
    real: list[Column]
    members: dict[str, list[str]]
    seeds: list[int]

    @property
    def columns(self) -> list[Column]:
        """All measures."""
        return self.simu + self.real


def load_method_scores(
    root: Path,
    methods: Sequence[str],
    unseeded: Sequence[str],
    simu_sets: Sequence[str],
    real_sets: Sequence[str],
) -> MethodScores:
    """Read `<root>/scores/{se,wer,truth}/<system>/<set>/`.

    Args:
        root: holds also `<method>/seed<k>/`, a seed that counts as missing until it is scored.
        methods: their systems are named `<method>-seed<k>`.
        unseeded: systems named as they are.
        simu_sets: scored against references.
        real_sets: recognized.

    Raises:
        UserError: nothing was scored, or systems were scored on different utterances.
    """
    se, truth = (load_se_results(root / "scores" / kind) for kind in ("se", "truth"))
    wer = load_wer_results(root / "scores", "wer")
    found = {f"{path.parent.name}-{path.name}" for path in root.glob("*/seed*")}
    for results in (se, truth, wer):
        found.update(*results.values())
    seeds = sorted({seed for method in methods for seed in seeds_of(method, found)})
    members = {name: [name] for name in unseeded}
    members |= {method: [seeded_name(method, seed) for seed in seeds] for method in methods}
    systems = [system for row in members.values() for system in row]
    scores = MethodScores(
        se_columns(se, simu_sets, SIMU_METRICS, systems),
        wer_columns(wer, real_sets, systems) + se_columns(truth, real_sets, TRUTH_METRICS, systems),
        members,
        seeds,
    )
    if not scores.columns:
        raise UserError(root / "scores", f"holds no scores of {', '.join(members)}", "score first")
    return scores


def missing_scores(
    scores: MethodScores, methods: Sequence[str], simu_sets: Sequence[str], real_sets: Sequence[str]
) -> list[str]:
    """One list item for each training without some score, and each set without any."""
    items = []
    for name, what, columns in (
        *((name, "scored", scores.simu) for name in simu_sets),
        *((name, "recognized", scores.real) for name in real_sets),
    ):
        if name not in {column.set_name for column in columns}:
            items.append(f"- {set_title(name)}: {what} for no system")
    for method in methods:
        for seed, system in zip(scores.seeds, scores.members[method], strict=True):
            gaps = [(c.measure, c.set_name) for c in scores.columns if system not in c.parts]
            if gaps:
                everything = len(gaps) == len(scores.columns)
                what = "everything" if everything else measures_on_sets(gaps)
                items.append(f"- {system_title(method)}, seed {seed}: {what}")
    return items
