"""Write the card of a packed model, in the form of Hugging Face's hub."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.report.environment import checkout_commit, package_version
from espnet_kd.report.score_rows import ScoreTable, all_metrics, sections

UNLICENSED = "other"  # Hugging Face's word for a license that is none of its list
# The line in which ESPnet logs the command of a training.
LOG = re.compile(
    r"^\S*python\S* (?:(?:\S*/)?(?P<package>espnet_kd|espnet2)/bin/(?P<module>\w+)\.py"
    r"|'(?P<command>espnet-kd [\w-]+)') (?P<options>.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
        name: name of the model.
        file: name of the packed model.
        values: configuration of the training.
        exp_dir: training directory.
        parameters: number of parameters.
        other: parts whose classes are not in stock ESPnet.
        license: identifier of the license of the weights, for example apache-2.0; "" if not given.
        language: language of the speech, for example en.
        datasets: names of the corpora.
        notes: sentences of the author: on data, teacher, purpose.
        tables: scores.
        files: other files in the packed model.
        command: command that packed it.
    """

    name: str
    file: str
    values: dict[str, Any]
    exp_dir: str | os.PathLike
    parameters: int
    other: dict[str, str]
    license: str = ""
    language: str = "en"
    datasets: Sequence[str] = ()
    notes: Sequence[str] = ()
    tables: list[ScoreTable] = field(default_factory=list)
    files: Sequence[str] = ()
    command: str = ""


def model_card(facts: CardFacts) -> str:
    """Return the card: a YAML head with the fields of the hub, then Markdown."""
    head = {
        "license": facts.license or UNLICENSED,
        "language": facts.language,
        "library_name": "espnet",
        "pipeline_tag": "audio-to-audio",
        "tags": ["espnet", "audio", "audio-to-audio", "speech-enhancement"],
        "datasets": list(facts.datasets),
        "metrics": all_metrics(facts.tables),
    }
    blocks = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# {facts.name}",
        f"A speech-enhancement model for one channel at {SAMPLE_RATE // 1000} kHz: separator "
        f"`{facts.values['separator']}`, {facts.parameters / 1e6:.3f} M parameters, trained with "
        f"espnet_kd {package_version('espnet_kd')}.",
        *facts.notes,
        "## Use",
        _use(facts),
        "## Training",
        _training(facts),
        "## Scores",
        *(_scores(facts.tables)),
        "## Origin",
        _origin(facts),
    ]
    return "\n\n".join(blocks) + "\n"


def _use(facts: CardFacts) -> str:
    ours = f"```sh\nespnet-kd enhance noisy.wav enhanced.wav --model {facts.file}\n```"
    if facts.other:
        parts = ", ".join(f"{part} `{name}`" for part, name in facts.other.items())
        return (
            f"Not all of its classes are in stock ESPnet ({parts}), so it needs the package "
            f"espnet_kd:\n\n{ours}"
        )
    return (
        f"With the package espnet_kd, for files of any rate and number of channels:\n\n{ours}\n\n"
        "With stock ESPnet, since all of its classes are there; the output has another level:\n\n"
        "```python\n"
        "from espnet2.bin.enh_inference import SeparateSpeech\n\n"
        f'separate = SeparateSpeech.from_pretrained(model_tag="{facts.file}")\n'
        "enhanced = separate(samples[None], fs=16000)[0]  # samples: (T,) at 16 kHz\n```"
    )


def _training(facts: CardFacts) -> str:
    values = facts.values
    paths = values.get("train_data_path_and_name_and_type") or []
    sets = sorted({Path(entry[0]).parent.name for entry in paths})
    data = [*facts.datasets, *([f"lists of {', '.join(f'`{s}`' for s in sets)}"] if sets else [])]
    losses = {
        name: f"`{name}` (type `{entry.get('type', name)}`, weight {entry.get('weight', 1.0):g})"
        for name, entry in (values.get("kd_losses") or {}).items()
    }
    criterions = ", ".join(f"`{entry['name']}`" for entry in values.get("criterions") or [])
    weight = values.get("supervised_weight", 1.0)
    teacher = values.get("teacher_config")
    teacher = f"`{Path(teacher).parent.name}`" if teacher else "none in the training loop"
    method = f"supervised {criterions} with weight {weight:g}"
    lines = [
        f"- data: {'; '.join(data) or 'not stated'}",
        f"- teacher: {teacher}",
        f"- method: {method}; KD losses: {', '.join(losses.values()) or 'none'}",
    ]
    return "\n".join(lines)


def _scores(tables: list[ScoreTable]) -> list[str]:
    if not tables:
        return ["None were given when the model was packed."]
    note = "Brackets show 95 % intervals; how they are made stands in the page of results."
    return [note, *sections(tables)]


def _origin(facts: CardFacts) -> str:
    licensed = facts.license or "not stated by who packed this model; ask before you use it"
    lines = [f"- license: {licensed}", f"- commit of espnet_kd: `{checkout_commit()}`"]
    if trained := training_command(facts.exp_dir):
        lines.append(f"- trained by: `{trained}`")
    lines.append(f"- packed by: `{facts.command}`")
    versions = ", ".join(f"{name} {package_version(name)}" for name in ("espnet", "torch"))
    lines.append(f"- versions: {versions}")
    if facts.files:
        lines.append(f"- other files: {', '.join(f'`{name}`' for name in facts.files)}")
    return "\n".join(lines)


def training_command(exp_dir: str | os.PathLike) -> str:
    """Return the command that a training's log names, or "" if there is no log."""
    log = Path(exp_dir) / "train.log"
    if not log.is_file():
        return ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = LOG.search(lines.read(1 << 16))
    if not found:
        return ""
    command = found["command"] or f"python -m {found['package']}.bin.{found['module']}"
    return f"{command} {found['options']}"
