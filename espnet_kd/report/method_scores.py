"""Read the scores of KD methods and their seeds from disk, and list the missing ones."""

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
    """Scores of all systems.

    Attributes:
        simu: measures on simulated sets.
        real: WER on real sets, then scores against true images, which only a generated corpus has.
        members: row -> its systems: the trainings of a method, or an unseeded system itself.
        seeds: all seeds that any method was trained with; each method should have all of them.
    """

    simu: list[Column]
    real: list[Column]
    members: dict[str, list[str]]
    seeds: list[int]

    @property
    def columns(self) -> list[Column]:
        """All measures, on simulated and then on real sets."""
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
        root: directory of the comparison. It also contains `<method>/seed<k>/` for each training
            that was started; a training without scores counts as missing.
        methods: methods, whose systems are named `<method>-seed<k>`.
        unseeded: systems without seeds.
        simu_sets: sets that were scored against references.
        real_sets: sets that were recognized.

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
        raise UserError(root / "scores", f"holds no scores of {', '.join(members)}", "score them")
    return scores


def missing_scores(
    scores: MethodScores, methods: Sequence[str], simu_sets: Sequence[str], real_sets: Sequence[str]
) -> list[str]:
    """Return a list item for each set without any score and each training that lacks a score."""
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
