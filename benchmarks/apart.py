"""Run the training step that ours is compared with in a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
from argparse import Namespace
from multiprocessing.connection import Connection

import torch

from espnet_kd import host


class Apart:
    """A training step on the CPU, in a process without our allocator settings.

    Args:
        make: "module:function" that makes the step. A name, because importing it imports ESPnet,
            which has to wait for `host.prepare` in the new process.
        args: training arguments.
        batch: input of the step.

    Attributes:
        pid: ID of the process.
    """

    def __init__(self, make: str, args: Namespace, batch: dict[str, torch.Tensor]):
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        arguments = there, make, args, batch, torch.get_num_threads()
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        self.pid = self._process.pid
        there.close()
        self._pipe.recv()

    def __call__(self) -> None:
        """Run one step."""
        self._pipe.send(None)
        self._pipe.recv()

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_error) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


def _serve(
    pipe: Connection, make: str, args: Namespace, batch: dict[str, torch.Tensor], threads: int
) -> None:
    host.prepare()
    torch.set_num_threads(threads)
    from espnet_kd.enh.fast import execution

    execution.keep_freed_memory = lambda: False  # `naive_step` builds one of our models
    module, _, function = make.partition(":")
    step = getattr(importlib.import_module(module), function)(args, "cpu")
    step.take(batch)
    try:
        while True:
            pipe.send(None)
            pipe.recv()
            step()
    except EOFError:
        return
