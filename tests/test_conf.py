"""Every configuration builds its model and can be averaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from espnet_kd import host

CONF = Path(__file__).parents[1] / "conf"
TOKENS = ["<blank>", "<unk>", "<NOISE>", "<space>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "'", "<sos/eos>"]
# With these 32 tokens.
PUBLISHED_SIZES = {
    "se/conv_tasnet.yaml": 8_645_185,  # the paper says 8.65 M
    "se/text_informed_tcn.yaml": 13_395_009,
    "se/text_informed_tcn_aligned.yaml": 13_395_009,
    "se/uformer.yaml": 3_336_433,
    "se/dccrn.yaml": 3_671_053,  # the paper of the student says 3.7 M
    "se/dccrn_small.yaml": 1_159_821,  # and of this one 1.1 M
    "asr/transformer.yaml": 27_117_120,
    "asr/ctc_aligner.yaml": 17_627_680,
    "lm/char_rnn.yaml": 6_812_032,
}
PUBLISHED_PAIRS = [
    ("se/conv_tasnet.yaml", "se/text_informed_tcn.yaml"),
    ("se/conv_tasnet.yaml", "se/text_informed_tcn_aligned.yaml"),
    ("mini/se/conv_tasnet.yaml", "mini/se/text_informed_tcn_aligned.yaml"),
]


def files(kind: str) -> list[str]:
    """Configurations of one kind (se, kd, asr, lm), the published and the mini ones."""
    found = [*CONF.glob(f"{kind}/*.yaml"), *CONF.glob(f"mini/{kind}/*.yaml")]
    return sorted(path.relative_to(CONF).as_posix() for path in found)


MODELS = {kind: [name for name in files(kind) if "decode" not in name] for kind in ("asr", "lm")}
ENHANCEMENT = files("se") + files("kd")
TRAINABLE = [*ENHANCEMENT, *MODELS["asr"], *MODELS["lm"]]


def task_of(name: str):
    """The task a configuration is for."""
    host.prepare()
    if name in ENHANCEMENT:
        from espnet_kd.tasks.enh_kd import EnhKDTask

        return EnhKDTask
    if name in MODELS["lm"]:
        from espnet2.tasks.lm import LMTask

        return LMTask
    from espnet2.tasks.asr import ASRTask

    return ASRTask


def parse(name: str):
    """Arguments as the task reads them; an option the task does not have is an error."""
    args = task_of(name).get_parser().parse_args(["--config", str(CONF / name)])
    args.token_list = TOKENS
    return args


def build(name: str):
    return task_of(name).build_model(parse(name))


def size(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_every_file_is_covered():
    known = {*TRAINABLE, "asr/decode.yaml", "mini/asr/decode.yaml"}
    assert {path.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")} == known


@pytest.mark.parametrize("name", TRAINABLE)
def test_builds(name):
    model = build(name)
    assert size(model) == PUBLISHED_SIZES.get(name, size(model))
    assert name.startswith("mini/") == (name not in PUBLISHED_SIZES)
    if name.startswith("mini/"):
        assert size(model) < 3e6


def test_student_is_30_percent_of_dccrn():
    """As Distil-DCCRN's paper states it."""
    share = PUBLISHED_SIZES["se/dccrn_small.yaml"] / PUBLISHED_SIZES["se/dccrn.yaml"]
    assert share == pytest.approx(0.30, abs=0.02)


@pytest.mark.parametrize("name", TRAINABLE)
def test_averaging_is_right(name):
    """One criterion and one number of checkpoints, or ESPnet averages wrongly."""
    conf = yaml.safe_load((CONF / name).read_text())
    assert isinstance(conf["keep_nbest_models"], int)
    assert len(conf["best_model_criterion"]) == 1
    assert conf["max_epoch"] >= conf["keep_nbest_models"]


@pytest.mark.parametrize("name", TRAINABLE)
def test_task_takes_the_settings(name):
    """ESPnet checks names of options; here, that their values arrive."""
    args, conf = vars(parse(name)), yaml.safe_load((CONF / name).read_text())
    assert {key: args[key] for key in conf} == conf


@pytest.mark.parametrize(("baseline", "teacher"), PUBLISHED_PAIRS)
def test_baseline_starts_its_teacher(baseline, teacher):
    """Same names and shapes, so that --init_param carries everything over."""
    shapes = {key: value.shape for key, value in build(baseline).state_dict().items()}
    found = {key: value.shape for key, value in build(teacher).state_dict().items()}
    assert shapes.items() <= found.items()
    assert {key.split(".")[1] for key in found.keys() - shapes.keys()} == {"text_encoder", "fusion"}


@pytest.mark.parametrize("name", ["asr/decode.yaml", "mini/asr/decode.yaml"])
def test_decoding_options_exist(name):
    host.prepare()
    from espnet2.bin.asr_inference import get_parser

    data = ["--data_path_and_name_and_type", "wav.scp,speech,sound", "--output_dir", "exp"]
    args = get_parser().parse_args(["--config", str(CONF / name), *data])
    conf = yaml.safe_load((CONF / name).read_text())
    assert {key: vars(args)[key] for key in conf} == conf
