"""A model computes the same when compiled and, up to rounding, in half precision."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from espnet_kd.enh.fast import execution
from espnet_kd.enh.fast.execution import compiler_works, set_execution
from espnet_kd.enh.layers.masked_tcn import MaskedTemporalBlock
from espnet_kd.tasks.enh_kd import EnhKDTask

from ...tiny_models import STUDENT

SAMPLES = 4000

STARTED = """
import subprocess

scripts = []
check_call = subprocess.check_call

def counted(command, **options):
    scripts.append(command[-1])
    return check_call(command, **options)

subprocess.check_call = counted
from espnet_kd import host

host.prepare()
from espnet_kd.enh.fast.execution import compiler_works

print(repr(compiler_works("cpu")), sum("import torch" in script for script in scripts))
"""


@pytest.fixture
def model():
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update(STUDENT)
    torch.manual_seed(0)
    return EnhKDTask.build_model(args).eval()


@pytest.fixture(autouse=True)
def _clear_cache():
    compiler_works.cache_clear()
    yield
    compiler_works.cache_clear()


def enhance(model):
    mixture = torch.randn(2, SAMPLES, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.enhance(mixture, torch.tensor([SAMPLES, 3000]))[0]


@pytest.mark.usefixtures("compiler")
def test_compiled_output_and_keys_are_the_same(model):
    keys, expected = list(model.state_dict()), enhance(model)
    set_execution(model, True, None, "cpu")
    assert all(m.compiled for m in model.modules() if isinstance(m, MaskedTemporalBlock))
    torch.testing.assert_close(enhance(model), expected, rtol=0, atol=1e-5)
    assert list(model.state_dict()) == keys


def test_missing_compiler_is_reported_once(model, monkeypatch, capsys):
    def broken(_function):
        def call(*_):
            raise RuntimeError("no C++ compiler\nmany lines of a trace")

        return call

    monkeypatch.setattr(execution.torch, "compile", broken)
    expected = enhance(model)
    for _ in ("student", "teacher"):
        set_execution(model, True, None, "cpu")
    line = "compile: torch.compile does not work (no C++ compiler); continuing without it\n"
    assert capsys.readouterr().err == line
    assert torch.equal(enhance(model), expected)


def test_missing_pytorch_internals_are_reported(monkeypatch, capsys):
    monkeypatch.delattr(torch._inductor.cpu_vec_isa, "VecISA")
    assert not compiler_works("cpu")
    assert "'VecISA'" in capsys.readouterr().err


def test_only_the_separator_uses_half_precision(model):
    expected = enhance(model)
    set_execution(model, False, "bfloat16", "cpu")
    seen = {}
    for name in ("encoder", "separator", "decoder"):
        getattr(model, name).register_forward_pre_hook(
            lambda _m, _i, name=name: seen.update({name: torch.is_autocast_enabled("cpu")})
        )
    found = enhance(model)
    assert seen == {"encoder": False, "separator": True, "decoder": False}
    assert found.dtype == torch.float32
    error = (found - expected).square().sum() / expected.square().sum()
    assert 0 < error < 1e-4  # 40 dB


@pytest.mark.parametrize(("device", "asked"), [("cpu", 1), ("cuda", 0)])
def test_freed_memory_is_kept_only_on_a_cpu(model, monkeypatch, device, asked):
    calls = []
    monkeypatch.setattr(execution, "keep_freed_memory", lambda: calls.append(None))
    set_execution(model, False, None, device)
    assert len(calls) == asked


def test_compiler_check_does_not_start_another_pytorch():
    environment = {**os.environ, "TORCH_COMPILE_DISABLE": "0"}
    result = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout.splitlines()[-1] == "True 0"
