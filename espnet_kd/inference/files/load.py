"""Load the model that enhances files: a training directory, a packed model, or an ONNX file."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import yaml

from espnet_kd.errors import UserError
from espnet_kd.inference.files.backend import Backend

DEFAULT_MODEL = Path(__file__).parents[2] / "models" / "default.zip"
META = "meta.yaml"  # ESPnet's list of the files of a packed model
PEER = "peer:"  # before the name of a pretrained denoiser
FORMS = "give a training directory, a packed model (.zip) or an ONNX file (.onnx)"


def load_backend(model: str | os.PathLike | None, checkpoint: str = "") -> Backend:
    """Load a model. A form of model other than PyTorch's is one more case here.

    Args:
        model: a training directory (`config.yaml`, `valid.*.ave.pth`), a stock or unpacked model
            (`config.yaml`, `model.pth`), a zip file from `espnet-kd pack`, or a file from
            `espnet-kd export-onnx`; `peer:` and the name of a pretrained denoiser of others, see
            `espnet_kd.inference.peers`; None for the model that comes with this package.
        checkpoint: file of weights in a training directory, if there are several.

    Raises:
        UserError: there is no such model, it cannot be loaded, or it cannot enhance audio alone.
    """
    if model is not None and os.fspath(model).startswith(PEER):
        from espnet_kd.inference.peers.registry import open_peer

        return open_peer(os.fspath(model).removeprefix(PEER))
    path = Path(DEFAULT_MODEL if model is None else model)
    if model is None and not path.is_file():
        raise UserError("--model", "is not given, and this version has no model of its own", FORMS)
    if not path.exists():
        raise UserError(path, "does not exist", FORMS)
    if path.is_dir():
        return _from_directory(path, checkpoint)
    if checkpoint:
        raise UserError("--checkpoint", f"is given, but {path} is a file", "leave it out")
    if zipfile.is_zipfile(path):
        return _from_zip(path)
    if path.suffix == ".onnx":
        from espnet_kd.inference.files.onnx_backend import OnnxBackend

        return OnnxBackend(path)
    raise UserError(path, "is not a model", FORMS)


def _from_directory(path: Path, checkpoint: str) -> Backend:
    if (path / META).is_file():
        config, weights = _members((path / META).read_bytes(), path)
    else:
        config, weights = "config.yaml", "model.pth"
    if checkpoint or not (path / weights).is_file():
        from espnet_kd.export.stock import averaged_checkpoint

        weights = checkpoint or averaged_checkpoint(path).name
    return _torch(path / config, path / weights)


def _from_zip(path: Path) -> Backend:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        members = _members(archive.read(META) if META in archive.namelist() else b"", path)
        copies = [Path(folder, Path(member).name) for member in members]
        for member, copy in zip(members, copies, strict=True):
            if member not in archive.namelist():
                raise UserError(path, f"has no '{member}', which its {META} names", "pack it again")
            copy.write_bytes(archive.read(member))
        try:
            return _torch(*copies)
        except UserError as error:  # it names the copy
            raise UserError(path, str(error).replace(f"{folder}/", "")) from None


def _members(meta: bytes, path: Path) -> tuple[str, str]:
    """Return the names of configuration and weights."""
    try:
        values = yaml.safe_load(meta)
        return values["yaml_files"]["train_config"], values["files"]["model_file"]
    except (yaml.YAMLError, TypeError, KeyError):
        raise UserError(
            path, f"has no {META} of a speech-enhancement model", "pack it with espnet-kd pack"
        ) from None


def _torch(config: Path, weights: Path) -> Backend:
    from espnet_kd import host

    host.prepare()
    from espnet_kd.inference.files.torch_backend import TorchBackend

    return TorchBackend(config, weights)
