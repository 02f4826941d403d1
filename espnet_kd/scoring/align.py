"""Count the errors of a token sequence as NIST sclite does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SUBSTITUTION_COST, GAP_COST = 4, 3
MATCH, INSERTION, DELETION = range(3)


class Counts(NamedTuple):
    """Tokens that are right, replaced, missing, and too many."""

    correct: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of the reference."""
        return self.correct + self.substituted + self.deleted

    @property
    def errors(self) -> int:
        """All errors."""
        return self.substituted + self.deleted + self.inserted


def total(counts: Iterable[Counts]) -> Counts:
    """Sum field by field."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> Counts:
    """Align two token sequences and count the errors.

    sclite weighs a substitution 4, a deletion or an insertion 3. Plain Levenshtein weights (as
    in jiwer) give other counts. Of equally cheap steps sclite takes, going back from the end, a
    pair before an insertion before a deletion (our reading of its output).

    Args:
        reference: tokens.
        hypothesis: tokens.
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
    """Last step of the cheapest alignment of reference[:i] with hypothesis[:j], for all i, j."""
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
