"""A step trains the student, and the student alone."""

from __future__ import annotations

import pytest
import torch

from espnet_kd import host

host.prepare()

from benchmarks.random_models import TOKENS, write_teacher  # noqa: E402
from benchmarks.synthetic_batch import synthetic_batch  # noqa: E402
from benchmarks.training_step import TrainingStep  # noqa: E402
from benchmarks.workload import SIZES  # noqa: E402
from espnet_kd.tasks.base_config import parse_with_base  # noqa: E402
from espnet_kd.tasks.enh_kd import EnhKDTask  # noqa: E402


@pytest.fixture
def step(tmp_path):
    conf = SIZES["mini"].conf
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(conf / "kd/output.yaml")])
    teacher = write_teacher(conf / "se/text_informed_tcn_aligned.yaml", tmp_path)
    vars(args).update(teacher, token_list=list(TOKENS))
    return TrainingStep(args, "cpu")


def weights(module):
    return [parameter.detach().clone() for parameter in module.parameters()]


def test_step(step):
    step.take(synthetic_batch(2, 0.5, "SIMU", len(TOKENS), paired=False))
    student, teacher = weights(step.model), weights(step.teacher)
    step()
    assert all(not torch.equal(*pair) for pair in zip(student, weights(step.model), strict=True))
    assert all(torch.equal(*pair) for pair in zip(teacher, weights(step.teacher), strict=True))
    assert all(parameter.grad is None for parameter in step.model.parameters())


def test_teacher_sees_what_it_sees_in_a_step(step):
    step.take(synthetic_batch(2, 0.5, "SIMU", len(TOKENS), paired=True))
    seen = []
    step.teacher.separator.register_forward_hook(lambda _module, args, _out: seen.append(args))
    step()
    step.teach()
    (code, lengths, more), (again, same_lengths, same) = seen
    assert torch.equal(code, again) and len(code) == 4
    assert torch.equal(lengths, same_lengths)
    assert torch.equal(more["align"], same["align"]) and torch.equal(more["text"], same["text"])


def test_broken_gradients_are_no_step(step):
    batch = synthetic_batch(2, 0.5, "SIMU", len(TOKENS), paired=False)
    step.take({**batch, "speech_mix": batch["speech_mix"] * torch.inf})
    with pytest.raises(FloatingPointError, match="nan"):
        step()
