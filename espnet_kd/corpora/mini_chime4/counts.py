"""Counts of a planned corpus, against which its files are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from espnet_kd.corpora.chime4.expected import Expected
from espnet_kd.corpora.mini_chime4.plan import SETS, Plan, Session, Utterance


def planned_counts(plan: Plan) -> Expected:
    """Count what the plan of a corpus contains."""
    utterances = {"tr05_simu": _environments(plan.simu), "tr05_org": {"ORG": len(plan.simu)}}
    words = {}
    for subset in SETS:
        real = _read_in(plan.real, subset)
        utterances[f"{subset}_real"] = _environments(real)
        utterances[f"{subset}_bth"] = _environments(_read_in(plan.booth, subset))
        if subset != "tr05":  # simulated sets have the sentences of the real ones
            utterances[f"{subset}_simu"] = _environments(real)
            spoken = sum(len(utterance.prompt.words.split()) for utterance in real)
            words |= {f"{subset}_real": spoken, f"{subset}_simu": spoken}
    return Expected(
        utterances=utterances,
        backgrounds=6 * len(plan.backgrounds),
        embedded=7 * (len(plan.real) + len(plan.booth)),
        words=words,
    )


def _read_in(sessions: Iterable[Session], subset: str) -> list[Utterance]:
    return [u for session in sessions if session.subset == subset for u in session.utterances]


def _environments(utterances: Iterable[Utterance]) -> dict[str, int]:
    return dict(sorted(Counter(utterance.environment for utterance in utterances).items()))
