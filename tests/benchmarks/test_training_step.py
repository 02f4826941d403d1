"""A training step changes the student only, and may split its batch to fit a GPU's memory."""

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


def test_teach_gives_the_teacher_the_input_of_a_step(step):
    step.take(synthetic_batch(2, 0.5, "SIMU", len(TOKENS), paired=True))
    seen = []
    step.teacher.separator.register_forward_hook(lambda _module, args, _out: seen.append(args))
    step()
    step.teach()
    (code, lengths, more), (again, same_lengths, same) = seen
    assert torch.equal(code, again) and len(code) == 4
    assert torch.equal(lengths, same_lengths)
    assert torch.equal(more["align"], same["align"]) and torch.equal(more["text"], same["text"])


def test_non_finite_gradients_raise(step):
    batch = synthetic_batch(2, 0.5, "SIMU", len(TOKENS), paired=False)
    step.take({**batch, "speech_mix": batch["speech_mix"] * torch.inf})
    with pytest.raises(FloatingPointError, match="nan"):
        step()


class SmallMemory:
    """Simulates a GPU that can hold at most `most` utterances."""

    def __init__(self, model, most):
        self.most, self.seen = most, []
        model.register_forward_pre_hook(self, with_kwargs=True)

    def __call__(self, _model, _args, batch):
        self.seen.append(len(batch["speech_mix"]))
        if self.seen[-1] > self.most:
            raise torch.OutOfMemoryError


@pytest.fixture
def baseline():
    args = parse_with_base(
        EnhKDTask.get_parser, ["--config", str(SIZES["mini"].conf / "se/conv_tasnet.yaml")]
    )
    args.token_list = list(TOKENS)
    step = TrainingStep(args, "cpu")
    step.take(synthetic_batch(3, 0.25, "SIMU", len(TOKENS), paired=False))
    return step


def gradients(step):
    """Run a step; return its loss, and the gradients before they are cleared."""
    found = []

    def optimize(*_):
        found.extend(p.grad.clone() for p in step.model.parameters())

    step.optimizer.step = optimize
    return step(), found


def test_parts_add_up_to_the_whole_batch(baseline):
    loss, whole = gradients(baseline)
    baseline.parts = 2  # of two utterances and of one
    same, parts = gradients(baseline)
    assert same == pytest.approx(loss.item(), rel=1e-5)
    for one, other in zip(parts, whole, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_fit_finds_the_number_of_parts(baseline):
    memory = SmallMemory(baseline.model, most=1)
    baseline.fit()
    assert baseline.parts == 4
    assert memory.seen == [3, 2, 1, 1, 1]
    baseline()
    assert memory.seen[5:] == [1, 1, 1]
    baseline.take(baseline.batch)
    assert baseline.parts == 1


def test_gradients_before_out_of_memory_are_dropped(baseline):
    def run_out(_model, _args, batch):
        if len(batch["speech_mix"]) == 1 and baseline.parts == 2:
            raise torch.OutOfMemoryError

    baseline.model.register_forward_pre_hook(run_out, with_kwargs=True)
    baseline.parts = 4
    loss, parts = gradients(baseline)
    baseline.parts = 2  # memory runs out after the gradients of the first part
    baseline.optimizer.zero_grad()
    again = []
    baseline.optimizer.step = lambda: again.extend(
        p.grad.clone() for p in baseline.model.parameters()
    )
    baseline.fit()
    assert baseline.parts == 4
    for one, other in zip(again, parts, strict=True):
        torch.testing.assert_close(one, other)


def test_fit_raises_if_one_utterance_does_not_fit(baseline):
    SmallMemory(baseline.model, most=0)
    with pytest.raises(torch.OutOfMemoryError):
        baseline.fit()
