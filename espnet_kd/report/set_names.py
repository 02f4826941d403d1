"""Names of the sets in a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class SetNames:
    """Names of scored sets, development before test.

    Attributes:
        simu: noisy sets with true references.
        real: noisy sets without references; as many as in `simu`, or none.
        clean: clean sets, for recognition.
        train_real: real training set, for which the pseudo-references were created.
    """

    simu: Sequence[str]
    real: Sequence[str]
    clean: Sequence[str] = ()
    train_real: str = ""

    @property
    def noisy(self) -> list[str]:
        """Simulated and real sets in alternation, as in the columns of the paper's tables."""
        if not self.real:
            return list(self.simu)
        return list(chain(*zip(self.simu, self.real, strict=True)))
