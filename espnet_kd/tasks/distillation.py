"""The KD losses and the teacher of a training, built and tried before it starts."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Collection
from typing import Any

import torch

from espnet_kd.checkpoint import sha256
from espnet_kd.data.second_noise import NoiseMixer
from espnet_kd.distill.base import Observation
from espnet_kd.distill.distiller import Distiller, Term
from espnet_kd.distill.settings import LossSettings, read_losses
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.errors import UserError
from espnet_kd.tasks.token_list import token_list
from espnet_kd.tasks.trained import load_asr_model, load_model

LOGGER = logging.getLogger(__name__)  # the root would be set up by its first use
PROBE_SECONDS = 1.0


def add_distillation(model: ESPnetKDModel, args: argparse.Namespace) -> None:
    """Give a student its KD losses and its teacher.

    Args:
        model: the student.
        args: with `kd_losses`.

    Raises:
        UserError: settings or files that do not fit together.
    """
    settings = read_losses(args.kd_losses)
    check_second_noise(settings, args.second_noise_scp)
    with torch.random.fork_rng(devices=[]):  # a seed means the same with KD and without
        resources = load_resources(settings, args)
        distiller = Distiller(
            {
                entry.name: Term(entry.build(resources), entry.weight, frozenset(entry.categories))
                for entry in settings
            }
        )
        teacher = load_teacher(args) if distiller.needs_teacher else None
        probe(distiller, model, teacher)
    model.learn_from(distiller, teacher)


def check_second_noise(settings: Collection[LossSettings], noise_scp: str | None) -> None:
    """Refuse losses of pairs without background recordings, and a list without any.

    Raises:
        UserError: names the option or the file.
    """
    for entry in settings:
        if entry.loss_class.needs_pairs and noise_scp is None:
            problem = f"is missing; '{entry.name}' compares one utterance under two noises"
            raise UserError("--second_noise_scp", problem, "list_backgrounds writes it")
    if noise_scp is not None:
        NoiseMixer(noise_scp)


def load_teacher(args: argparse.Namespace) -> ESPnetKDModel:
    """Load the teacher strictly and say which it is.

    Raises:
        UserError: no teacher is given, or one for another sampling rate or other tokens.
    """
    for name in ("teacher_config", "teacher_checkpoint"):
        if getattr(args, name) is None:
            raise UserError(f"--{name}", "is missing", "the KD losses look at a teacher")
    teacher, trained = load_model(args.teacher_config, args.teacher_checkpoint)
    if trained.sample_rate != args.sample_rate:
        raise UserError(
            args.teacher_config,
            f"sample_rate is {trained.sample_rate}, the student's is {args.sample_rate}",
            "train both at one rate",
        )
    if teacher.takes_text and token_list(args) != token_list(trained):
        raise UserError("--token_list", "is not the teacher's", "give the one it learned")
    check_teacher_data(teacher, args)
    LOGGER.info("Teacher: %s, SHA-256 %s", args.teacher_checkpoint, sha256(args.teacher_checkpoint))
    return teacher


def check_teacher_data(teacher: ESPnetKDModel, args: argparse.Namespace) -> None:
    """Refuse lists without what a text-informed teacher reads, and chunks, which cut no text.

    Raises:
        UserError: names the list and what it lacks, or the option.
    """
    for option in ("iterator_type", "valid_iterator_type"):
        if teacher.takes_text and "chunk" in (getattr(args, option) or ""):
            raise UserError(
                f"--{option}",
                f"'{getattr(args, option)}' cuts speech, but not the text that the teacher reads",
                "use sequence with batch_type folded",
            )
    wanted = {"text": teacher.takes_text, "align": teacher.takes_alignment}
    for part in ("train", "valid"):
        option = f"{part}_data_path_and_name_and_type"
        names = {name for _, name, _ in getattr(args, option)}
        missing = [name for name, needed in wanted.items() if needed and name not in names]
        if names and missing:
            raise UserError(
                f"--{option}",
                f"has no '{missing[0]}', which the teacher reads",
                "add <set>/text,text,text and <set>/align,align,text_int",
            )


def probe(
    distiller: Distiller,
    student: ESPnetKDModel,
    teacher: ESPnetKDModel | None,
) -> None:
    """Let the losses see both models on a second of noise, so that misfits show before training.

    Raises:
        UserError: a tap that does not exist, features that cannot be aligned, or a loss that gives
            no value per utterance.
    """
    samples = int(PROBE_SECONDS * student.sample_rate)
    mixture = 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    was_training = student.training
    try:
        run = _probe_run(student.eval(), mixture)
        teach = _probe_run(teacher, mixture) if teacher is not None else None
        distiller.prepare(student, run, teacher, teach)
        with torch.no_grad():
            observed = distiller.observe_student(student, run)
            taught = distiller.observe_teacher(teacher, teach) if teacher is not None else None
            _try_losses(distiller, observed, taught, mixture)
    except ValueError as error:
        raise UserError("kd_losses", str(error)) from None
    finally:
        student.train(was_training)


def _try_losses(
    distiller: Distiller, student: Observation, teacher: Observation | None, mixture: torch.Tensor
) -> None:
    lengths = torch.tensor([mixture.size(1)])
    for name, term in distiller.terms.items():
        if term.loss.needs_pairs:  # the probe has none
            continue
        shape = tuple(term.loss(student, teacher, mixture, lengths).shape)
        if shape != (1,):
            raise ValueError(f"'{name}' gives {shape} where (B,) is (1,): a value per utterance")


def _probe_run(model: ESPnetKDModel, mixture: torch.Tensor) -> Callable[[], torch.Tensor]:
    lengths = torch.tensor([mixture.size(1)])
    text = torch.full((1, 4), 2)
    align = torch.arange(1, 5).unsqueeze(0) * 200.0
    return lambda: model.enhance(mixture, lengths, text, torch.tensor([4]), align)[0]


def load_resources(settings: Collection[LossSettings], args: argparse.Namespace) -> dict[str, Any]:
    """What the losses ask for beside YAML; loads no more than that."""
    resources: dict[str, Any] = {"centroids": args.kd_centroids}
    given = args.kd_asr_config is not None and args.kd_asr_checkpoint is not None
    wanted = {name for entry in settings for name in entry.loss_class.resources}
    if "recognizer" in wanted and given:
        model, _ = load_asr_model(args.kd_asr_config, args.kd_asr_checkpoint)
        resources["recognizer"] = Recognizer(model, sha256(args.kd_asr_checkpoint))
    return resources
