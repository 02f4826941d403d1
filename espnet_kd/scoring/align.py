"""Count the errors of a token sequence in the same way as NIST sclite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SUBSTITUTION_COST, GAP_COST = 4, 3
MATCH, INSERTION, DELETION = range(3)


class Counts(NamedTuple):
    """Numbers of correct, substituted, deleted and inserted tokens."""

    correct: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def tokens(self) -> int:
        """Number of tokens in the reference."""
        return self.correct + self.substituted + self.deleted

    @property
    def errors(self) -> int:
        """Number of errors of all three kinds."""
        return self.substituted + self.deleted + self.inserted


def total(counts: Iterable[Counts]) -> Counts:
    """Add up counts field by field."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> Counts:
    """Align two token sequences and count the errors.

    sclite weights a substitution with 4 and a deletion or an insertion with 3. Plain Levenshtein
    weights (as in jiwer) lead to different counts. Among equally cheap steps, going back from the
    end, sclite prefers a match or substitution to an insertion, and an insertion to a deletion
    (our interpretation of its output).

    Args:
        reference: tokens of the reference.
        hypothesis: tokens of the hypothesis.
    """
    steps = _cheapest_steps(reference, hypothesis)
    i, j = len(reference), len(hypothesis)
    correct = substituted = deleted = inserted = 0
    while i or j:
        step = steps[i][j]
        if step == MATCH:
            i, j = i - 1, j - 1
            correct += reference[i] == hypothesis[j]
            substituted += reference[i] != hypothesis[j]
        elif step == INSERTION:
            j -= 1
            inserted += 1
        else:
            i -= 1
            deleted += 1
    return Counts(correct, substituted, deleted, inserted)


def _cheapest_steps(reference: Sequence[str], hypothesis: Sequence[str]) -> list[bytearray]:
    """Return the last step of the cheapest alignment of reference[:i], hypothesis[:j] at [i][j]."""
    width = len(hypothesis) + 1
    costs = [GAP_COST * j for j in range(width)]
    steps = [bytearray([INSERTION]) * width]
    for wanted in reference:
        row = bytearray([DELETION]) * width
        diagonal, best = costs[0], costs[0] + GAP_COST
        costs[0] = best
        for j, given in enumerate(hypothesis, 1):
            insertion, deletion = best + GAP_COST, costs[j] + GAP_COST
            best, step = diagonal + (0 if wanted == given else SUBSTITUTION_COST), MATCH
            if insertion < best:
                best, step = insertion, INSERTION
            if deletion < best:
                best, step = deletion, DELETION
            diagonal, costs[j], row[j] = costs[j], best, step
        steps.append(row)
    return steps
