"""Work-arounds for the tested ESPnet version (202511), one function each.

tests/test_host.py holds one test for each, which fails when the work-around is no longer needed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib.machinery
import importlib.util
import io
import os
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

from espnet_kd.fileio import atomic_path

ATTENTION = "espnet.nets.pytorch_backend.transformer.attention"
THIRD_PARTY = (
    "espnet",
    "espnet2",
    "jamo",
    "librosa",
    "tacotron_cleaner",
    "torch",
    "torch_complex",
    "vietnamese_cleaner",
)


def prepare() -> None:
    """Make imports of ESPnet quick, quiet and offline, trainings safe to kill. Call it first."""
    with spare_collections():
        stub_g2p_en()
        skip_type_checks()
        save_whole_checkpoints()
        quiet_third_party()
        quiet_flash_attention()


@contextlib.contextmanager
def spare_collections() -> Iterator[None]:
    """Keep garbage collection from what is imported within, and from the end of the process.

    Hundreds of thousands of objects of PyTorch and ESPnet, which live as long as the process, would
    be looked at again and again: a third of the time of a short command, most of it at its end.
    """
    if ATTENTION in sys.modules or not gc.isenabled():  # all is imported, or spared
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()
    atexit.register(gc.freeze)


def stub_g2p_en() -> None:
    """Keep `g2p_en` from being imported.

    espnet2.text.phoneme_tokenizer imports it at module level; g2p_en then calls nltk.download,
    which hangs or complains without a network, and costs seconds. No recipe of ours uses phonemes.
    """
    if "g2p_en" in sys.modules:
        return
    stub = types.ModuleType("g2p_en")
    stub.__spec__ = importlib.machinery.ModuleSpec("g2p_en", None)

    def g2p(*_args, **_kwargs):
        raise RuntimeError("g2p_en is switched off by espnet_kd.host; use token_type char or bpe")

    stub.G2p = g2p  # type: ignore[attr-defined]
    sys.modules["g2p_en"] = stub


def skip_type_checks() -> None:
    """Switch off typeguard, with which ESPnet decorates its functions.

    The decorator rewrites each function when its module is imported (5 of 7 seconds) and checks the
    arguments of every call, which is felt in beam search. Set ESPNET_KD_TYPE_CHECKS=1 to keep it.
    """
    if os.environ.get("ESPNET_KD_TYPE_CHECKS") == "1":
        return
    import typeguard

    def typechecked(target=None, **_options):
        return (lambda function: function) if target is None else target

    typeguard.typechecked = typechecked


def save_whole_checkpoints() -> None:
    """Make torch.save write files beside their place and rename them when they are whole.

    espnet2.train.trainer writes in place: a training killed meanwhile leaves a checkpoint.pth from
    which it cannot go on. A full disk becomes an OSError that names the file, where torch raises a
    RuntimeError about positions.

    It also writes the weights of an epoch after the checkpoint.pth that says the epoch is done:
    killed between the two, a training goes on with the next epoch and fails when it averages. Here
    the weights are written before that too.
    """
    import torch

    save = torch.save
    if hasattr(save, "__wrapped__"):
        return

    @functools.wraps(save)
    def save_whole(obj, f, *args, **kwargs):
        if not isinstance(f, (str, os.PathLike)):
            return save(obj, f, *args, **kwargs)
        if isinstance(obj, dict) and {"model", "reporter"} <= obj.keys():
            epoch = obj["reporter"]["epoch"]
            save_whole(obj["model"], Path(f).with_name(f"{epoch}epoch.pth"))
        with atomic_path(f) as temporary, temporary.open("wb") as file:
            return save(obj, file, *args, **kwargs)

    torch.save = save_whole


def quiet_third_party() -> None:
    """Silence syntax and deprecation warnings of the host's dependencies; ours stay visible."""
    # A warning at run time carries the module's name, one at compile time the path of its file.
    module = rf"(.*site-packages[/\\])?({'|'.join(THIRD_PARTY)})([./\\]|$)"
    for category in (SyntaxWarning, FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=module)


def quiet_flash_attention() -> None:
    """Import ESPnet's attention without the line it prints where flash_attn is not installed.

    The line went into every log and between the lines of every command.
    """
    if importlib.util.find_spec("flash_attn") is None:
        with contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(ATTENTION)


@contextlib.contextmanager
def no_silence_search() -> Iterator[None]:
    """Let ESPnet's preprocessor take all of a signal for speech.

    It searches each reference for silence, also where nothing asks for its level: a quarter of a
    worker's time on utterances of one second.
    """
    from espnet2.train import preprocessor

    search = preprocessor.detect_non_silence
    preprocessor.detect_non_silence = lambda _wave: slice(None)
    try:
        yield
    finally:
        preprocessor.detect_non_silence = search


def leave_process_group() -> None:
    """End the process group of a training by several processes, if there is one.

    ESPnet leaves it to the end of the process, where its threads abort now and then. They end where
    nothing holds the group any more: the trained model does, in cycles, and none are collected at
    the end (see `spare_collections`).
    """
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        gc.collect()
