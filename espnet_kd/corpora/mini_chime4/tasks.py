"""The generation of a corpus as independent tasks, run in several processes."""

from __future__ import annotations

import functools
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.corpora.mini_chime4.backgrounds import write_background
from espnet_kd.corpora.mini_chime4.plan import Plan, Session, Utterance
from espnet_kd.corpora.mini_chime4.real import record, record_booth
from espnet_kd.corpora.mini_chime4.recording import write_recording
from espnet_kd.corpora.mini_chime4.scales import Scale
from espnet_kd.corpora.mini_chime4.simu_test import simulate_session
from espnet_kd.corpora.mini_chime4.simu_train import simulate
from espnet_kd.data.workers import die_with_parent
from espnet_kd.fileio import write_text
from espnet_kd.progress import progress

_CHUNK = 40  # utterances of tr05_simu in one task

Annotations = dict[str, list[dict]]


@dataclass(frozen=True)
class Task:
    """A part of the corpus; `make` returns its annotations by set, e.g. {"tr05_real": [...]}."""

    name: str
    make: Callable[[], Annotations]


@dataclass(frozen=True)
class Place:
    """Where audio is written: `audio/16kHz` of the corpus, and optional directories for extras."""

    audio: Path
    truth: Path | None = None
    ext: Path | None = None


def recording_tasks(plan: Plan, scale: Scale, seed: int, place: Place) -> list[Task]:
    """Return the tasks that need no other: backgrounds, real sessions and booth sessions."""
    tasks = [
        Task(name, functools.partial(_background, name, scale.background_seconds, seed, place))
        for name in plan.backgrounds
    ]
    tasks += [
        Task(session.name, functools.partial(_record, session, seed, place))
        for session in (*plan.real, *plan.booth)
    ]
    # The longest first, so that no process starts a long one at the end.
    return sorted(tasks, key=lambda task: -_length(task.name, plan, scale))


def simulation_tasks(
    plan: Plan, scale: Scale, seed: int, place: Place, recorded: Annotations
) -> list[Task]:
    """Return the tasks that need the recordings: tr05_simu, dt05_simu and et05_simu."""
    tasks = []
    for start in range(0, len(plan.simu), _CHUNK):
        chunk = plan.simu[start : start + _CHUNK]
        make = functools.partial(_simulate_train, chunk, plan, recorded, scale, seed, place)
        tasks.append(Task(f"tr05_simu_{start:05d}", make))
    for session in plan.real:
        if session.subset != "tr05":
            make = functools.partial(_simulate_test, session, recorded, seed, place)
            tasks.append(Task(f"simu_{session.name}", make))
    return tasks


def run_tasks(tasks: list[Task], parts: Path, nj: int, title: str) -> Annotations:
    """Run tasks in `nj` processes, except those that an earlier run finished.

    Args:
        tasks: tasks in any order.
        parts: directory with one JSON file per finished task, which is written last.
        nj: number of processes.
        title: name of the work, shown with its progress.

    Returns:
        The annotations of all tasks by set, each set sorted by the names of its utterances.
    """
    waiting = [task for task in tasks if not (parts / f"{task.name}.json").exists()]
    for _ in progress(_finished(waiting, parts, nj), title, total=len(waiting)):
        pass
    merged: Annotations = {}
    for task in tasks:
        for name, items in json.loads((parts / f"{task.name}.json").read_text()).items():
            merged.setdefault(name, []).extend(items)
    for items in merged.values():
        items.sort(key=lambda item: (item["speaker"], item["wsj_name"], item["environment"]))
    return merged


def _finished(tasks: list[Task], parts: Path, nj: int) -> Iterator[str]:
    if nj == 1 or len(tasks) < 2:
        for task in tasks:
            yield _run(task, parts)
        return
    # Not forked from this process, which may have threads. The server loads the libraries once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    count = min(nj, len(tasks))
    with ProcessPoolExecutor(count, mp_context=context, initializer=die_with_parent) as pool:
        futures = [pool.submit(_run, task, parts) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run(task: Task, parts: Path) -> str:
    write_text(parts / f"{task.name}.json", json.dumps(task.make()))
    return task.name


def _length(name: str, plan: Plan, scale: Scale) -> float:
    if name in plan.backgrounds:
        return scale.background_seconds
    return 4.0 * len(plan.named(name).utterances)


def _background(name: str, seconds: float, seed: int, place: Place) -> Annotations:
    write_background(name, seconds, seed, place.audio)
    return {}


def _record(session: Session, seed: int, place: Place) -> Annotations:
    if session.environment == "BTH":
        recording = record_booth(session, seed)
        return {f"{session.subset}_bth": write_recording(session, recording, place.audio, None)}
    recording = record(session, seed)
    items = write_recording(session, recording, place.audio, place.truth)
    return {f"{session.subset}_real": items}


def _simulate_train(
    utterances: tuple[Utterance, ...],
    plan: Plan,
    recorded: Annotations,
    scale: Scale,
    seed: int,
    place: Place,
) -> Annotations:
    both = [
        simulate(
            utterance,
            plan,
            [r for r in recorded["tr05_real"] if r["environment"] == utterance.environment],
            scale.background_seconds,
            seed,
            place.audio,
        )
        for utterance in utterances
    ]
    return {"tr05_simu": [simu for simu, _ in both], "tr05_org": [org for _, org in both]}


def _simulate_test(session: Session, recorded: Annotations, seed: int, place: Place) -> Annotations:
    real = [r for r in recorded[f"{session.subset}_real"] if r["wavfile"] == session.name]
    spoken = {(b["speaker"], b["wsj_name"]): b for b in recorded[f"{session.subset}_bth"]}
    booth = [spoken[r["speaker"], r["wsj_name"]] for r in real]
    items = simulate_session(session, real, booth, seed, place.audio, place.ext)
    return {f"{session.subset}_simu": items}
