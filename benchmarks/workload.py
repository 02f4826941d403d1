"""What is trained on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONF = Path(__file__).parents[1] / "conf"


@dataclass(frozen=True)
class Workload:
    """Models and a batch.

    Attributes:
        conf: directory with YAML files in `kd`, `se` and `asr`.
        recognizer: YAML in it.
        utterances: in a batch.
        seconds: of the longest.
    """

    conf: Path
    recognizer: str
    utterances: int
    seconds: float


SIZES = {
    "mini": Workload(CONF / "mini", "asr/conformer.yaml", utterances=8, seconds=3.0),
    "published": Workload(CONF, "asr/transformer.yaml", utterances=8, seconds=4.0),
}
NO_METHODS = ("student",)  # what the YAML files of the methods start from
METHODS = sorted({path.stem for path in CONF.glob("kd/*.yaml")} - {*NO_METHODS})
