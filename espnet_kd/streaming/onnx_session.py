"""Open an ONNX file of ours on one core."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from espnet_kd.errors import UserError
from espnet_kd.streaming.onnx_info import OnnxInfo

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_model(path: str | os.PathLike) -> tuple[InferenceSession, OnnxInfo]:
    """Open a file with onnxruntime, with the calling thread as its only one.

    Returns:
        The session, and what the file says about itself.

    Raises:
        UserError: onnxruntime is not installed; there is no such file; it is not ONNX, or not ours.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UserError(
            "onnxruntime", "is not installed", "pip install 'espnet_kd[onnx]'"
        ) from None
    if not os.path.isfile(path):
        raise UserError(path, "does not exist", "export it with espnet-kd export-onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # what it would print becomes our error
    try:
        session = onnxruntime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its exceptions have no class in common
        problem = f"is not an ONNX file that onnxruntime can run ({type(error).__name__})"
        raise UserError(path, problem, "export it with espnet-kd export-onnx") from None
    info = OnnxInfo.read(session.get_modelmeta().custom_metadata_map, path)
    _, *caches = session.get_inputs()
    shapes = tuple(tuple(cache.shape) for cache in caches)
    if shapes != info.states:
        problem = f"its caches are {shapes}, and {info.states} in its metadata"
        raise UserError(path, problem, "export it again with espnet-kd export-onnx")
    return session, info
