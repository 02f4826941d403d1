"""Numbers published in papers, for comparison with our own results on the real CHiME-4."""

from __future__ import annotations

from collections.abc import Sequence

# Wang et al., "Text-Informed Knowledge Distillation for Robust Speech Enhancement and
# Recognition", ISCSLP 2022, Table 1: PESQ and SDR on dt05 simu, then on et05 simu.
_TABLE_1 = {
    "noisy": ((2.17, 5.78), (2.18, 7.54)),
    "baseline": ((2.59, 11.14), (2.50, 11.79)),
    "teacher": ((2.71, 12.64), (2.74, 13.49)),
    "student": ((2.63, 11.97), (2.66, 13.47)),
}


def ti_kd_table_1(simu_sets: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Return system -> set -> metric -> mean, for the set names of dt05 simu and et05 simu."""
    return {
        system: {
            name: {"pesq_raw": pesq, "sdr": sdr}
            for name, (pesq, sdr) in zip(simu_sets, pairs, strict=True)
        }
        for system, pairs in _TABLE_1.items()
    }
