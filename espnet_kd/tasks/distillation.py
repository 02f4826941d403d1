"""Build the KD losses and the teacher of a training, and try them before it starts."""

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

LOGGER = logging.getLogger(__name__)  # the root logger would configure itself on first use
PROBE_SECONDS = 1.0


def add_distillation(model: ESPnetKDModel, args: argparse.Namespace) -> None:
    """Build the KD losses and the teacher, and attach them to the student.

    Args:
        model: the student.
        args: arguments of the training, with `kd_losses`.

    Raises:
        UserError: settings or files do not fit together.
    """
    settings = read_losses(args.kd_losses)
    check_second_noise(settings, args.second_noise_scp)
    with torch.random.fork_rng(devices=[]):  # a seed gives the same numbers with and without KD
        resources = load_resources(settings, args)
        distiller = Distiller(
            {
                entry.name: Term(
                    entry.build(resources),
                    entry.weight,
                    frozenset(entry.categories),
                    entry.calibrate,
                )
                for entry in settings
            }
        )
        teacher = load_teacher(args) if distiller.needs_teacher else None
        probe(distiller, model, teacher)
    model.learn_from(distiller, teacher)


def check_second_noise(settings: Collection[LossSettings], noise_scp: str | None) -> None:
    """Check the list of background recordings, which losses on pairs require.

    Raises:
        UserError: the list is missing or invalid; names the option or the file.
    """
    for entry in settings:
        if entry.loss_class.needs_pairs and noise_scp is None:
            problem = f"is missing, but '{entry.name}' compares one utterance under two noises"
            raise UserError("--second_noise_scp", problem, "write it with list_backgrounds")
    if noise_scp is not None:
        NoiseMixer(noise_scp)


def load_teacher(args: argparse.Namespace) -> ESPnetKDModel:
    """Load the teacher strictly and log its path and checksum.

    Raises:
        UserError: no teacher is given, or its sampling rate, tokens or input do not fit the
            training.
    """
    for name in ("teacher_config", "teacher_checkpoint"):
        if getattr(args, name) is None:
            raise UserError(f"--{name}", "is missing", "name the teacher of the KD losses")
    teacher, trained = load_model(args.teacher_config, args.teacher_checkpoint)
    if trained.sample_rate != args.sample_rate:
        raise UserError(
            args.teacher_config,
            f"sample_rate is {trained.sample_rate}, but the student's is {args.sample_rate}",
            "train both at the same rate",
        )
    if teacher.takes_text and token_list(args) != token_list(trained):
        raise UserError("--token_list", "is not the teacher's", "give the teacher's token list")
    check_teacher_data(teacher, args)
    LOGGER.info("Teacher: %s, SHA-256 %s", args.teacher_checkpoint, sha256(args.teacher_checkpoint))
    return teacher


def check_teacher_data(teacher: ESPnetKDModel, args: argparse.Namespace) -> None:
    """Check that the training data fits a text-informed teacher.

    The lists must have the text and alignment that the teacher reads. Chunks are rejected, because
    the speech would be cut but not the text.

    Raises:
        UserError: names the list and what it lacks, or the option that asks for chunks.
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
    """Run both models and the losses on one second of noise, to find errors before training.

    Raises:
        UserError: a tap does not exist, features cannot be aligned, or a loss does not return one
            value per utterance.
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
        if term.loss.needs_pairs:  # the probe has no pairs
            continue
        shape = tuple(term.loss(student, teacher, mixture, lengths).shape)
        if shape != (1,):
            raise ValueError(
                f"'{name}' returns shape {shape} for one utterance; return shape (B,), here (1,)"
            )


def _probe_run(model: ESPnetKDModel, mixture: torch.Tensor) -> Callable[[], torch.Tensor]:
    lengths = torch.tensor([mixture.size(1)])
    text = torch.full((1, 4), 2)
    align = torch.arange(1, 5).unsqueeze(0) * 200.0
    return lambda: model.enhance(mixture, lengths, text, torch.tensor([4]), align)[0]


def load_resources(settings: Collection[LossSettings], args: argparse.Namespace) -> dict[str, Any]:
    """Return what the losses need in addition to their YAML settings; load nothing else."""
    resources: dict[str, Any] = {"centroids": args.kd_centroids}
    given = args.kd_asr_config is not None and args.kd_asr_checkpoint is not None
    wanted = {name for entry in settings for name in entry.loss_class.resources}
    if "recognizer" in wanted and given:
        model, _ = load_asr_model(args.kd_asr_config, args.kd_asr_checkpoint)
        resources["recognizer"] = Recognizer(model, sha256(args.kd_asr_checkpoint))
    return resources
