"""How a model computes: compiled or not, in which precision. What it computes stays the same."""

from __future__ import annotations

import functools
import logging
import sys

import torch
from torch import nn

from espnet_kd.enh.fast.allocator import keep_freed_memory

AUTOCAST_DTYPES = {None: None, "bfloat16": torch.bfloat16}
# One for each width, precision and mode; more than a teacher and a student together have.
VARIANTS = 64


class Compilable:
    """A layer with a compiled form.

    Attributes:
        compiled: whether it computes by that form; `set_execution` sets it.
    """

    compiled = False


def set_execution(
    model: nn.Module, compile_blocks: bool, autocast_dtype: str | None, device: str
) -> None:
    """Choose how a model computes.

    Where torch.compile does not work, for lack of a C++ compiler perhaps, one line says so and the
    model stays as it is.

    Args:
        model: an ESPnetKDModel.
        compile_blocks: compile the blocks of a Conv-TasNet; other models have none.
        autocast_dtype: key of AUTOCAST_DTYPES: precision of the separator's products; encoder,
            decoder, losses and weights stay in single precision.
        device: it will compute on, "cpu" or "cuda".
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
    """Whether torch.compile does; why it does not is said once.

    Args:
        device: "cpu" or "cuda".
    """
    # It says at every start that no CUDA runtime is found where only a CUDA compiler is.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    try:
        torch._dynamo.config.recompile_limit = VARIANTS
        # Code is kept on disk; that for more threads than are asked for now would wait for cores.
        torch._inductor.config.cpp.threads = torch.get_num_threads()
        _trust_wheel()
        torch.compile(lambda x: x * x + 1)(torch.ones(32, device=device))
    except Exception as error:  # whatever it is, the training can do without
        problem = str(error).strip().partition("\n")[0]
        print(f"compile: goes on without torch.compile ({problem})", file=sys.stderr)
        return False
    return True


def _trust_wheel() -> None:
    """Skip inductor's check that PyTorch's library has the vector functions it was built with.

    The check starts Python and PyTorch once for each instruction set, 10 s in all. No public
    setting turns it off. That the C++ compiler supports the instruction set is still checked.
    """
    from torch._inductor import cpu_vec_isa

    torch._inductor.config.cpp.vec_isa_ok = True
    cpu_vec_isa.VecISA._avx_py_load = "import ctypes; ctypes.CDLL('__lib_path__')"
