"""Define the models and batches of the training benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONF = Path(__file__).parents[1] / "conf"


@dataclass(frozen=True)
class Workload:
    """Models and the size of a batch.

    Attributes:
        conf: directory with YAML files in `kd`, `se` and `asr`.
        recognizer: YAML file of the recognizer, relative to `conf`.
        utterances: number of utterances in a batch.
        seconds: length of the longest utterance.
    """

    conf: Path
    recognizer: str
    utterances: int
    seconds: float


SIZES = {
    "mini": Workload(CONF / "mini", "asr/conformer.yaml", utterances=8, seconds=3.0),
    "published": Workload(CONF, "asr/transformer.yaml", utterances=8, seconds=4.0),
}
# The base of the YAML files of the methods, and methods that are measured with other models: see
# remixit and clskd.
NO_METHODS = ("student", "remixit_ema", "clskd_dccrn")
OTHER_STUDENTS = ("gtcrn_", "dccrn_")
METHODS = sorted(
    path.stem
    for path in CONF.glob("kd/*.yaml")
    if path.stem not in NO_METHODS and not path.stem.startswith(OTHER_STUDENTS)
)
