"""Export a causal student as an ONNX file that enhances a hop, with its state beside it.

Call `host.prepare` before this module is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn

from espnet_kd.errors import UserError
from espnet_kd.export.onnx_graphs import example, graph_of
from espnet_kd.export.quiet import quiet
from espnet_kd.export.stock import averaged_checkpoint
from espnet_kd.fileio import atomic_path
from espnet_kd.streaming.onnx_hops import Graph
from espnet_kd.streaming.onnx_info import OnnxInfo
from espnet_kd.streaming.onnx_session import open_model
from espnet_kd.tasks.trained import load_model

OPSET = 18  # the least that PyTorch's exporter writes without conversion
TOLERANCE = 1e-4  # between onnxruntime and PyTorch, relative to the largest value
CHECKED_HOPS = 10


def export_onnx(
    exp_dir: str | os.PathLike, out: str | os.PathLike, checkpoint: str = ""
) -> OnnxInfo:
    """Write the model of a training directory as ONNX; see `write_onnx`.

    Args:
        exp_dir: training directory with `config.yaml` and `valid.*.ave.pth`.
        out: file to write.
        checkpoint: file of weights in `exp_dir`; by default its only `valid.*.ave.pth`.

    Raises:
        UserError: there is not exactly one checkpoint to choose; see also `load_model`.
    """
    weights = Path(exp_dir) / checkpoint if checkpoint else averaged_checkpoint(exp_dir)
    config = Path(exp_dir) / "config.yaml"
    model, _ = load_model(config, weights)
    return write_onnx(model, out, os.fspath(config))


def write_onnx(model: nn.Module, out: str | os.PathLike, where: str = "model") -> OnnxInfo:
    """Write a model as ONNX, in float32, after onnxruntime has computed the same as PyTorch.

    Args:
        model: a causal enhancement model; it is put into evaluation mode.
        out: file to write.
        where: what to name in an error, e.g. the file of the configuration.

    Returns:
        What the file says about itself.

    Raises:
        UserError: the model cannot stream; onnx, onnxscript or onnxruntime is not installed;
            onnxruntime computes something else.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 (PyTorch's exporter needs it)
    except ImportError as error:
        problem = f"needs {error.name}, which is not installed"
        raise UserError("export-onnx", problem, "pip install 'espnet_kd[onnx]'") from None
    graph, info = graph_of(model, where)
    with quiet("torch.onnx"), torch.no_grad():
        program = torch.onnx.export(
            graph,
            example(graph),
            dynamo=True,
            opset_version=OPSET,
            input_names=graph.inputs,
            output_names=graph.outputs,
            verbose=False,
        )
    proto = program.model_proto
    for node in proto.graph.node:  # where the exporter was called, with the paths of its machine
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    onnx.helper.set_model_props(proto, info.metadata())
    with atomic_path(out) as temporary:
        onnx.save(proto, temporary)
        _check(graph, temporary, out)
    return info


@torch.no_grad()
def _check(graph: nn.Module, written: Path, out: str | os.PathLike) -> None:
    """Compare onnxruntime with PyTorch over some hops of noise.

    Raises:
        UserError: they differ; names `out`.
    """
    session, info = open_model(written)
    run, generator = Graph(session, info), torch.Generator().manual_seed(0)
    silence, *caches = example(graph)
    states = run.silence
    for _ in range(CHECKED_HOPS):
        x = torch.randn(silence.shape, generator=generator)
        expected, *caches = graph(x, *caches)
        found, states = run(x.numpy(), states)
        for one, other in zip((expected, *caches), (found, *states), strict=True):
            scale = max(1.0, float(one.abs().max()))
            error = float((one - torch.from_numpy(other)).abs().max())
            if not error <= TOLERANCE * scale:
                problem = f"onnxruntime differs from PyTorch by {error:g}, so it is not written"
                raise UserError(out, problem, "use the versions of constraints.txt")
