"""How a model computes: compiled or not, and in which precision.

Results must equal those of the same model uncompiled and in float32: to 1e-5 with `compile: true`,
with an error 40 dB below the signal with `autocast_dtype: bfloat16` (options in YAML or on the
command line). Used whenever a model is built for training or enhancement, on CPU or GPU.
tests/enh/fast/test_execution.py checks both on the CPU.
"""

from __future__ import annotations

import functools
import logging
import sys

import torch
from torch import nn

from espnet_kd.enh.fast.allocator import keep_freed_memory

AUTOCAST_DTYPES = {None: None, "bfloat16": torch.bfloat16}
# Compiled variants allowed per function: one for each width, precision and mode. A teacher and a
# student together need fewer.
VARIANTS = 64


class Compilable:
    """A layer that also has a compiled form.

    Attributes:
        compiled: whether the layer uses its compiled form; `set_execution` sets it.
    """

    compiled = False


def set_execution(
    model: nn.Module, compile_blocks: bool, autocast_dtype: str | None, device: str
) -> None:
    """Choose how a model computes.

    If torch.compile does not work, for example without a C++ compiler, the model stays uncompiled
    and one line on stderr gives the reason.

    Args:
        model: an ESPnetKDModel.
        compile_blocks: compile the blocks of a Conv-TasNet; other models have no such blocks.
        autocast_dtype: key of AUTOCAST_DTYPES, the precision of the separator's products; encoder,
            decoder, losses and weights stay in single precision.
        device: where the model will run, "cpu" or "cuda".
    """
    if device == "cpu":
        keep_freed_memory()
    model.autocast_dtype = AUTOCAST_DTYPES[autocast_dtype]
    blocks = [module for module in model.modules() if isinstance(module, Compilable)]
    if compile_blocks and blocks:
        works = compiler_works(device)
        for block in blocks:
            block.compiled = works


@functools.cache
def compiler_works(device: str) -> bool:
    """Return whether torch.compile works; if not, print the reason, once per device.

    Args:
        device: "cpu" or "cuda".
    """
    # If PyTorch finds a CUDA compiler but no CUDA runtime, it would warn about it at every start.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    try:
        torch._dynamo.config.recompile_limit = VARIANTS
        # Compiled code is cached on disk, and code for more threads than now would wait for cores.
        torch._inductor.config.cpp.threads = torch.get_num_threads()
        _trust_wheel()
        torch.compile(lambda x: x * x + 1)(torch.ones(32, device=device))
    except Exception as error:  # whatever the cause, training works without it
        problem = str(error).strip().partition("\n")[0]
        print(
            f"compile: torch.compile does not work ({problem}); continuing without it",
            file=sys.stderr,
        )
        return False
    return True


def _trust_wheel() -> None:
    """Skip inductor's check that PyTorch's library has the vector functions it was built with.

    The check starts Python and imports PyTorch once for each instruction set, which takes 10 s in
    all, and no public setting turns it off. Inductor still checks that the C++ compiler supports
    the instruction set.
    """
    from torch._inductor import cpu_vec_isa

    torch._inductor.config.cpp.vec_isa_ok = True
    cpu_vec_isa.VecISA._avx_py_load = "import ctypes; ctypes.CDLL('__lib_path__')"
