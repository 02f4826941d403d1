"""Build a corpus, or finish one whose building was interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.corpora.chime4.expected import write_expected
from espnet_kd.corpora.mini_chime4.annotations import write_annotations
from espnet_kd.corpora.mini_chime4.counts import planned_counts
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.corpora.mini_chime4.plan import ENVIRONMENTS, SETS, make_plan
from espnet_kd.corpora.mini_chime4.scales import SCALES
from espnet_kd.corpora.mini_chime4.state import Output
from espnet_kd.corpora.mini_chime4.tasks import (
    Place,
    recording_tasks,
    run_tasks,
    simulation_tasks,
)
from espnet_kd.errors import UserError

_VERSION = 3  # increase when the same seed no longer produces the same bytes


@dataclass(frozen=True)
class Request:
    """The corpus to build.

    Attributes:
        out: root of the corpus; `data/` is written in it.
        scale: key of `scales.SCALES`.
        seed: determines every byte.
        nj: number of processes; does not affect the bytes.
        truth_dir: directory for the true images of the real utterances (research only).
        isolated_ext: directory for clean speech and noise of dt05_simu and et05_simu.
    """

    out: Path
    scale: str = "mini"
    seed: int = 0
    nj: int = 1
    truth_dir: Path | None = None
    isolated_ext: Path | None = None


def build(request: Request) -> Path:
    """Build the corpus of `request` unless it is already finished.

    Returns:
        The `data` directory of the corpus.

    Raises:
        UserError: a directory holds something else, or `truth_dir` or `isolated_ext` is inside the
            corpus.
    """
    extras = {request.truth_dir: "*_real", request.isolated_ext: "*_simu"}
    extras.pop(None, None)
    for extra in extras:
        if extra.resolve().is_relative_to(request.out.resolve()):
            raise UserError(extra, f"is inside the corpus {request.out}", "put it elsewhere")
    parameters = {"scale": request.scale, "seed": request.seed, "version": _VERSION}
    corpus = Output(request.out, parameters, "data")
    outputs = [*(Output(extra, parameters, owned) for extra, owned in extras.items()), corpus]
    data = request.out / "data"
    if all(output.finished for output in outputs):
        return data
    asked = {**parameters, "extras": [str(extra.resolve()) for extra in extras]}
    if not all(output.begun(asked) for output in outputs):
        for output in outputs:
            output.begin(asked)
    _make(request, corpus, data)
    for output in outputs:
        output.finish()
    return data


def _make(request: Request, corpus: Output, data: Path) -> None:
    scale, seed = SCALES[request.scale], request.seed
    plan = make_plan(scale, seed)
    write_expected(request.out, planned_counts(plan))
    place = Place(data / "audio" / "16kHz", request.truth_dir, request.isolated_ext)
    for folder in _folders():
        (place.audio / folder).mkdir(parents=True, exist_ok=True)
    tasks = recording_tasks(plan, scale, seed, place)
    recorded = run_tasks(tasks, corpus.parts, request.nj, "recordings")
    tasks = simulation_tasks(plan, scale, seed, place, recorded)
    simulated = run_tasks(tasks, corpus.parts, request.nj, "simulations")
    utterances = (*plan.simu, *(u for session in plan.booth for u in session.utterances))
    words = {u.prompt.wsj_name: u.prompt.words for u in utterances}
    write_annotations({**recorded, **simulated}, words, data, seed)


def _folders() -> Iterable[str]:
    yield from ("backgrounds", "embedded", "isolated/tr05_org")
    for subset in SETS:
        yield f"isolated/{subset}_bth"
        for environment in ENVIRONMENTS:
            for condition in ("real", "simu"):
                yield f"isolated/{folder_of(f'{subset}_{condition}', environment)}"


def summary(data: Path) -> list[str]:
    """Return the size of a corpus as text: one line per set, and one per folder of sessions."""
    lines = []
    for file in sorted((data / "annotations").glob("*.json")):
        items = json.loads(file.read_text())
        hours = sum(item["end"] - item["start"] for item in items) / 3600
        speakers = len({item["speaker"] for item in items})
        lines.append(
            f"{file.stem}: {len(items)} utterances, {speakers} speakers, {hours:.2f} h per channel"
        )
    audio = data / "audio" / "16kHz"
    for folder in ("backgrounds", "embedded"):
        files = list((audio / folder).glob("*.wav"))
        lines.append(f"{folder}: {len(files)} files")
    return lines
