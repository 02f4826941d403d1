"""Work-arounds for ESPnet, one function each; every docstring says which releases need it.

tests/test_host.py has a test for each work-around. It runs against the installed release and fails
when that release needs the work-around and does not get it, or gets it without needing it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import re
import sys
import types
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from espnet_kd.fileio import atomic_path

TESTED = (202511, 202611)  # releases, by year and month
# Parts of weights' names until 202511, and from 202611 on: convolutional subsampling of encoders.
RENAMED = (("embed.out.0.", "embed.out."), ("embed.out.1.", "embed.pos_enc."))
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
    """Make imports of ESPnet fast, quiet and offline, and make trainings safe to interrupt.

    Call it before anything else imports a module of ESPnet.
    """
    warn_if_untested()
    with spare_collections():
        if is_before(202611):
            stub_g2p_en()
        skip_type_checks()
        save_whole_checkpoints()
        quiet_third_party()
        quiet_flash_attention()


@functools.cache
def release() -> int | None:
    """Release of the installed ESPnet, e.g. 202511; None if it does not say."""
    import espnet2

    found = re.match(r"\d{6}", espnet2.__version__)
    return int(found.group()) if found else None


def is_before(first: int) -> bool:
    """Whether the installed ESPnet is older than a release.

    An ESPnet that does not say its release is taken for the newest.
    """
    return (release() or max(TESTED)) < first


def attention_module() -> str:
    """Name of ESPnet's attention module, which 202611 moved."""
    return f"{_transformer()}.attention"


def too_short_error() -> type[Exception]:
    """Error that ESPnet's encoders raise if an utterance is too short; 202611 moved it."""
    return importlib.import_module(f"{_transformer()}.subsampling").TooShortUttError


def _transformer() -> str:
    place = "espnet" if is_before(202611) else "espnet2.legacy"
    return f"{place}.nets.pytorch_backend.transformer"


def rename_weights(state: dict[str, Any], expected: Collection[str]) -> dict[str, Any]:
    """Rename weights of another release's model as the installed release calls them.

    Needed for ESPnet 202511, which does not know the names of 202611. 202611 knows the old ones,
    but only while it loads them, after our check of the names.

    Args:
        state: weights by name.
        expected: names in the model.
    """

    def known(name: str) -> str:
        pairs = [*RENAMED, *((new, old) for old, new in RENAMED)]
        others = (name.replace(old, new) for old, new in pairs if old in name)
        return name if name in expected else next((n for n in others if n in expected), name)

    return {known(name): value for name, value in state.items()}


@functools.cache
def warn_if_untested() -> None:
    """Print one line if the installed ESPnet is not a tested release."""
    if release() in TESTED or multiprocessing.parent_process() is not None:
        return
    tested = " and ".join(map(str, TESTED))
    print(
        f"warning: espnet_kd was tested with ESPnet {tested}, not with {release() or 'this one'}; "
        "continuing, but check your results",
        file=sys.stderr,
    )


@contextlib.contextmanager
def spare_collections() -> Iterator[None]:
    """Keep garbage collection away from what is imported here, and from the end of the process.

    Needed for ESPnet 202511 and 202611. PyTorch and ESPnet leave hundreds of thousands of objects
    that live as long as the process. Collecting them again and again took a third of the time of a
    short command, most of it at its end.
    """
    if attention_module() in sys.modules or not gc.isenabled():  # imported already, or nested
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
    """Put an empty module in the place of `g2p_en`.

    Needed for ESPnet 202511, whose phoneme_tokenizer imports g2p_en unconditionally. g2p_en calls
    nltk.download, which takes seconds and hangs or complains without a network. No recipe here uses
    phonemes. 202611 goes without g2p_en if it is not installed.
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

    Needed for ESPnet 202511 and 202611. The decorator rewrites each function when its module is
    imported (5 of 7 seconds) and checks the arguments of every call, which slows beam search. Set
    ESPNET_KD_TYPE_CHECKS=1 to keep it.
    """
    if os.environ.get("ESPNET_KD_TYPE_CHECKS") == "1":
        return
    import typeguard

    def typechecked(target=None, **_options):
        return (lambda function: function) if target is None else target

    typeguard.typechecked = typechecked


def save_whole_checkpoints() -> None:
    """Make torch.save write to a temporary file and rename it when it is complete.

    Needed for ESPnet 202511 and 202611. Their trainer writes in place, so a training that is killed
    while it saves leaves a checkpoint.pth from which it cannot resume. With a full disk, torch
    raises a RuntimeError about positions; here it is an OSError that names the file.

    The trainer also writes the weights of an epoch after the checkpoint.pth which says that the
    epoch is done. A training killed between the two resumes with the next epoch and fails when it
    averages. Here the weights are written first.
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
    """Silence syntax, future and deprecation warnings of ESPnet and its dependencies.

    Needed for ESPnet 202511 and 202611. Warnings about this package stay visible.
    """
    # A warning at run time carries the module's name, one at compile time the path of its file.
    module = rf"(.*site-packages[/\\])?({'|'.join(THIRD_PARTY)})([./\\]|$)"
    for category in (SyntaxWarning, FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=module)


def quiet_flash_attention() -> None:
    """Import ESPnet's attention without the line it prints if flash_attn is not installed.

    Needed for ESPnet 202511, which prints it to stdout between the results of every command, and
    for 202611, which prints it to stderr.
    """
    if importlib.util.find_spec("flash_attn") is None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            importlib.import_module(attention_module())


@contextlib.contextmanager
def no_silence_search() -> Iterator[None]:
    """Let ESPnet's preprocessor treat the whole signal as speech.

    Needed for ESPnet 202511 and 202611, which search each reference for silence even if nothing
    uses its level: a quarter of a worker's time on utterances of one second.
    """
    from espnet2.train import preprocessor

    search = preprocessor.detect_non_silence
    preprocessor.detect_non_silence = lambda _wave: slice(None)
    try:
        yield
    finally:
        preprocessor.detect_non_silence = search


def name_short_signals() -> None:
    """Let ESPnet's STFT raise `too_short_error` for a signal that it cannot pad.

    Needed for ESPnet 202511 and 202611. Their decoding gives an empty hypothesis to utterances that
    are too short for the encoder, but ends with torch's RuntimeError about padding if an utterance
    is too short for the STFT before it.
    """
    from espnet2.layers.stft import Stft

    transform = Stft.forward
    if hasattr(transform, "__wrapped__"):
        return
    too_short = too_short_error()

    @functools.wraps(transform)
    def forward(self, input, ilens=None):
        length, limit = input.size(1), self.n_fft // 2 + 1
        if self.center and length < limit:
            problem = f"has {length} samples and is too short for the STFT, it needs {limit}"
            raise too_short(problem, length, limit)
        return transform(self, input, ilens)

    Stft.forward = forward


def leave_process_group() -> None:
    """Close the process group of a training on several GPUs, if there is one.

    Needed for ESPnet 202511 and 202611, which leave it open until the process exits, where its
    threads sometimes abort. They end once nothing refers to the group. The trained model does, in
    reference cycles, hence the collection: none runs at exit (see `spare_collections`).
    """
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        gc.collect()
