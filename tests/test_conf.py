"""Every configuration builds its model with its KD losses, and its checkpoints can be averaged."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from espnet_kd import host

from .kd_files import resource_options, teacher_options

CONF = Path(__file__).parents[1] / "conf"
TOKENS = ["<blank>", "<unk>", "<NOISE>", "<space>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "'", "<sos/eos>"]
# Numbers of parameters with these 32 tokens.
PUBLISHED_SIZES = {
    "se/conv_tasnet.yaml": 8_645_185,
    "se/text_informed_tcn.yaml": 13_395_009,
    "se/text_informed_tcn_aligned.yaml": 13_395_009,
    "se/text_informed_tcn_film.yaml": 14_172_739,
    "se/uformer.yaml": 3_336_049,  # counted from its authors' code
    "se/gtcrn.yaml": 23_669,  # the authors count 24,576 fixed weights of the ERB bands in addition
    "se/conv_tasnet_causal.yaml": 375_328,
    "se/dccrn.yaml": 3_671_053,  # the student's paper says 3.7 M
    "se/dccrn_small.yaml": 1_159_821,  # the student; its paper says 1.1 M
    "asr/transformer.yaml": 27_117_120,
    "asr/ctc_aligner.yaml": 17_627_680,
    "lm/char_rnn.yaml": 6_812_032,
}
STUDENT_SIZES = {
    "kd/": 320_032,
    "mini/kd/": 149_964,
    "kd/at_kl.yaml": 1_159_821,
    "mini/kd/at_kl.yaml": 66_493,
    "kd/dccrn": 1_159_821,
    "mini/kd/dccrn": 66_493,
    "kd/clskd_dccrn.yaml": 1_159_821,
    "mini/kd/clskd_dccrn.yaml": 66_493,
    "kd/gtcrn": 23_669,
    "mini/kd/gtcrn": 7_909,
}
TEACHERS = {
    "kd/": "se/text_informed_tcn_aligned.yaml",
    "mini/kd/": "mini/se/text_informed_tcn_film.yaml",
    "kd/at_kl.yaml": "se/uformer.yaml",
    "mini/kd/at_kl.yaml": "mini/se/uformer.yaml",
    "kd/dccrn": "se/uformer.yaml",
    "mini/kd/dccrn": "mini/se/uformer.yaml",
    "kd/clskd_dccrn.yaml": "se/dccrn.yaml",
    "mini/kd/clskd_dccrn.yaml": "mini/se/dccrn.yaml",
    "kd/remixit_ema.yaml": "kd/none.yaml",
    "mini/kd/remixit_ema.yaml": "mini/kd/none.yaml",
    "kd/gtcrn_at_kl.yaml": "se/uformer.yaml",
    "mini/kd/gtcrn_at_kl.yaml": "mini/se/uformer.yaml",
}
DCCRN = ("at_kl", "clskd_dccrn", "dccrn")  # its student is not compared with the others
SMALL = ("mini/", "medium/")  # directories for the embedded corpora
PUBLISHED_PAIRS = [
    ("se/conv_tasnet.yaml", "se/text_informed_tcn.yaml"),
    ("se/conv_tasnet.yaml", "se/text_informed_tcn_aligned.yaml"),
    ("se/conv_tasnet.yaml", "se/text_informed_tcn_film.yaml"),
    ("mini/se/conv_tasnet.yaml", "mini/se/text_informed_tcn.yaml"),
    ("mini/se/conv_tasnet.yaml", "mini/se/text_informed_tcn_film.yaml"),
    ("mini/se/conv_tasnet.yaml", "mini/se/text_informed_tcn_aligned.yaml"),
    ("medium/se/conv_tasnet.yaml", "medium/se/text_informed_tcn_film.yaml"),
]


def files(kind: str) -> list[str]:
    """Return the configurations of one kind (se, kd, asr, lm), published and for small corpora."""
    places = ("", "mini/", "medium/")
    found = [path for place in places for path in CONF.glob(f"{place}{kind}/*.yaml")]
    return sorted(path.relative_to(CONF).as_posix() for path in found)


MODELS = {kind: [name for name in files(kind) if "decode" not in name] for kind in ("asr", "lm")}
METHODS = files("kd")
ENHANCEMENT = files("se") + METHODS
TRACED = files("se") + files("asr") + files("lm")  # values of conf/kd are ours
TRAINABLE = [*ENHANCEMENT, *MODELS["asr"], *MODELS["lm"]]


def task_of(name: str):
    """Return the task that a configuration is for."""
    host.prepare()
    if name in ENHANCEMENT:
        from espnet_kd.tasks.enh_kd import EnhKDTask

        return EnhKDTask
    if name in MODELS["lm"]:
        from espnet2.tasks.lm import LMTask

        return LMTask
    from espnet2.tasks.asr import ASRTask

    return ASRTask


def of(name: str, table: dict[str, Any]) -> Any:
    """Return the entry of a file of conf/kd, or of its student, or of its directory."""
    of_student = table.get(name.partition("_")[0], table[f"{Path(name).parent}/"])
    return table.get(name, of_student)


def settings(path: Path) -> dict[str, Any]:
    """Return the settings of a file and its bases."""
    own = yaml.safe_load(path.read_text())
    bases = own.pop("base", [])
    merged: dict[str, Any] = {}
    for base in [bases] if isinstance(bases, str) else bases:
        merged |= settings(path.parent / base)
    return merged | own


def parse(name: str):
    """Return the arguments as the task reads them; an unknown option is an error."""
    task, cmd = task_of(name), ["--config", str(CONF / name)]
    if name in ENHANCEMENT:
        from espnet_kd.tasks.base_config import parse_with_base

        args = parse_with_base(task.get_parser, cmd)
    else:
        args = task.get_parser().parse_args(cmd)
    args.token_list = TOKENS
    return args


def build(name: str):
    return task_of(name).build_model(parse(name))


def size(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.fixture(scope="module")
def resources(tmp_path_factory) -> dict[str, str]:
    """Options that name a recognizer, acoustic tokens and noises."""
    return resource_options(tmp_path_factory.mktemp("recognizer"))


@pytest.fixture(scope="module")
def teachers(tmp_path_factory) -> dict[str, dict[str, str]]:
    """Options that name each teacher, with random weights."""
    return {
        name: teacher_options(tmp_path_factory.mktemp("teacher"), vars(parse(name)))
        for name in TEACHERS.values()
    }


@pytest.fixture
def method(teachers, resources):
    """Return a function that completes the arguments of a file of conf/kd with all needed files."""

    def complete(name: str):
        args = parse(name)
        vars(args).update(resources | teachers[of(name, TEACHERS)])
        return args

    return complete


def test_every_file_is_covered():
    known = {*TRAINABLE, "asr/decode.yaml", "mini/asr/decode.yaml"}
    assert {path.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")} == known


@pytest.mark.parametrize("name", [name for name in TRAINABLE if name not in METHODS])
def test_builds(name):
    model = build(name)
    assert size(model) == PUBLISHED_SIZES.get(name, size(model))
    assert name.startswith(SMALL) == (name not in PUBLISHED_SIZES)
    if name not in PUBLISHED_SIZES:
        assert size(model) < 3e6


@pytest.mark.parametrize("name", METHODS)
def test_losses_teach_the_student(method, name):
    """Each loss has a finite value per utterance and a gradient."""
    args = method(name)
    model = task_of(name).build_model(args).train()
    own = {key: value for key, value in model.named_parameters() if not is_adapter(key)}
    assert sum(value.numel() for value in own.values()) == of(name, STUDENT_SIZES)
    values = {}
    for key, loss in model.distiller.losses.items() if args.kd_losses else ():
        loss.register_forward_hook(lambda *call, key=key: values.__setitem__(key, call[-1]))
    batch = short_batch(paired="mixup" in args.kd_losses)
    total, _, weight = model(**batch)
    assert total.isfinite() and weight == 4
    if name.endswith(("text_informed.yaml", "remixit.yaml", "remixit_ema.yaml")):
        assert values == {}  # simulated speech has true references
        total, _, _ = model(**{**batch, "utt2category": torch.ones(4, 1, dtype=torch.long)})
    total.backward(retain_graph=True)
    assert all(value.grad is not None for value in own.values())
    assert values.keys() == args.kd_losses.keys()
    for value in values.values():
        assert value.shape == (4,) and value.isfinite().all()
        found = torch.autograd.grad(
            value.sum(), list(own.values()), retain_graph=True, allow_unused=True
        )
        found = [gradient for gradient in found if gradient is not None]
        assert all(gradient.isfinite().all() for gradient in found)
        assert max(gradient.abs().max() for gradient in found) > 0


def is_adapter(key: str) -> bool:
    """Return whether a weight belongs to a KD loss."""
    return key.startswith("distiller.losses.")


def short_batch(paired: bool) -> dict[str, torch.Tensor]:
    """Return four simulated utterances of 0.2 s; if paired, two, each with two noises."""
    generator = torch.Generator().manual_seed(0)
    count = 2 if paired else 4
    reference = 0.05 * torch.randn(count, 3200, generator=generator)
    noisy = [reference + 0.05 * torch.randn(count, 3200, generator=generator) for _ in range(2)]
    batch = {
        "speech_mix": noisy[0],
        "speech_mix_lengths": torch.full((count,), 3200),
        "speech_ref1": reference,
        "text": torch.randint(4, 30, (count, 6), generator=generator),
        "text_lengths": torch.full((count,), 6),
        "align": torch.arange(6).repeat(count, 1) * 40.0,
        "utt2category": torch.zeros(count, 1, dtype=torch.long),
    }
    return {**batch, "speech_mix2": noisy[1]} if paired else batch


@pytest.mark.parametrize("name", METHODS)
def test_each_stage_of_a_method_builds(method, name):
    from espnet_kd.tasks.kd_stages import stage_arguments

    args = method(name)
    args.output_dir = "exp"
    stages = stage_arguments(args) if args.kd_stages else []
    assert len(stages) == (2 if name.endswith("two_step.yaml") else 0)
    for stage in stages:
        task_of(name).build_model(stage)
        assert len(stage.best_model_criterion) == 1
        assert stage.max_epoch >= stage.keep_nbest_models


def test_student_is_30_percent_of_dccrn():
    """The Distil-DCCRN paper states this share."""
    share = PUBLISHED_SIZES["se/dccrn_small.yaml"] / PUBLISHED_SIZES["se/dccrn.yaml"]
    assert share == pytest.approx(0.30, abs=0.02)


@pytest.mark.parametrize("name", TRAINABLE)
def test_averaging_is_right(name):
    """ESPnet averages correctly with one criterion and one number of checkpoints."""
    conf = settings(CONF / name)
    assert isinstance(conf["keep_nbest_models"], int)
    assert len(conf["best_model_criterion"]) == 1
    assert conf["max_epoch"] >= conf["keep_nbest_models"]


@pytest.mark.parametrize("name", TRAINABLE)
def test_task_takes_the_settings(name):
    """ESPnet checks the names of options; this checks that their values arrive."""
    args, conf = vars(parse(name)), settings(CONF / name)
    assert {key: args[key] for key in conf} == conf


def untraced(text: str) -> list[str]:
    """Return lines with a number or a switch whose source is marked neither there nor on a parent.

    A mark is a letter in brackets in the comment of a line. The comment at the top explains it.
    """
    lines = text.splitlines()
    head = "\n".join(itertools.takewhile(lambda line: line.startswith("#"), lines))
    found, parents = [], []  # parents: (indentation, marked)
    for line in lines:
        value, _, comment = line.partition("#")
        if not value.strip():
            continue
        depth = len(value) - len(value.lstrip(" ")) + value.lstrip().startswith("- ")
        parents = [parent for parent in parents if parent[0] < depth]
        marks = re.findall(r"\[[A-Z]\]", comment)
        marked = bool(marks) or any(parent[1] for parent in parents)
        parents.append((depth, marked))
        value = value.partition(":")[2] or value
        explained = all(f"{mark} " in head for mark in marks)
        if not explained or (not marked and re.search(r"\d|true|false", value)):
            found.append(line)
    return found


@pytest.mark.parametrize("name", [name for name in TRACED if not name.startswith(SMALL)])
def test_published_values_are_traced(name):
    assert untraced((CONF / name).read_text()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# [P] paper\na: 1 # [P]\nb: x\n", []),
        ("# [P] paper\na: # [P]\n  b: 1\n  c:\n  - d: 2\n    e: 3\nf: 4\n", ["f: 4"]),
        ("# [P] paper\na:\n- [valid, 1]\n- b: 2 # [P]\n  c: true\n", ["- [valid, 1]"]),
        ("# [P] paper\na: 1 # [X]\n", ["a: 1 # [X]"]),
    ],
)
def test_values_without_a_source_are_found(text, expected):
    assert untraced(text) == expected


@pytest.mark.parametrize(("baseline", "teacher"), PUBLISHED_PAIRS)
def test_baseline_can_initialize_its_teacher(baseline, teacher):
    """Names and shapes match, so --init_param copies all weights."""
    shapes = {key: value.shape for key, value in build(baseline).state_dict().items()}
    found = {key: value.shape for key, value in build(teacher).state_dict().items()}
    assert shapes.items() <= found.items()
    assert {key.split(".")[1] for key in found.keys() - shapes.keys()} == {
        "conditioning" if "film" in teacher else "fusion",
        "text_encoder",
    }


@pytest.mark.parametrize("name", ["asr/decode.yaml", "mini/asr/decode.yaml"])
def test_decoding_options_exist(name):
    host.prepare()
    from espnet2.bin.asr_inference import get_parser

    data = ["--data_path_and_name_and_type", "wav.scp,speech,sound", "--output_dir", "exp"]
    args = get_parser().parse_args(["--config", str(CONF / name), *data])
    conf = yaml.safe_load((CONF / name).read_text())
    assert {key: vars(args)[key] for key in conf} == conf


@pytest.mark.parametrize(("dccrn", "least"), [(False, 10), (True, 6)])
@pytest.mark.parametrize("folder", ["kd", "mini/kd"])
def test_every_method_trains_for_as_many_steps(folder, dccrn, least):
    """There is no early stopping, and the number of steps does not depend on the data."""
    steps = {}
    for name in METHODS:
        of_dccrn = Path(name).stem.startswith(DCCRN) and "tasnet" not in name
        if str(Path(name).parent) == folder and of_dccrn == dccrn:
            args = parse(name)
            assert args.patience is None
            assert list(args.val_scheduler_criterion) == ["valid", "si_snr_loss"]
            epochs = sum(stage["max_epoch"] for stage in args.kd_stages) or args.max_epoch
            steps[name] = epochs * args.num_iters_per_epoch
    assert len(steps) >= least
    assert len(set(steps.values())) == 1
