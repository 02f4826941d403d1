"""Every method of conf/mini/kd trains a student: real ESPnet models, four utterances per batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from espnet_kd import host

from .kd_files import resource_options, teacher_options
from .tiny_models import TOKENS

host.prepare()

from espnet_kd.distill.si_snr import si_snr  # noqa: E402
from espnet_kd.enh.kd_model import ESPnetKDModel  # noqa: E402
from espnet_kd.tasks.base_config import parse_with_base  # noqa: E402
from espnet_kd.tasks.enh_kd import EnhKDTask  # noqa: E402
from espnet_kd.tasks.kd_stages import stage_arguments  # noqa: E402

CONF = Path(__file__).parents[1] / "conf"
SAMPLES = 6400
SIMU, REAL = 0, 1
# Trained alone, each loss falls below this share of its initial value, or by this many dB.
SHARES = {
    "token": 0.1,
    "attention": 0.3,
    "latent": 0.6,
    "frame": 0.5,
    "sequence": 0.1,
    "posterior": 0.1,
    "gram": 0.1,
}
SHARES |= {"bands": 0.7, "patches": 0.7, "similarity": 0.5, "remix": 0.3}
DECIBELS = 10.0
# Trained on both categories, the weighted sum falls by at least this share of its magnitude.
LEAST_FALLS = {SIMU: 0.5, REAL: 0.1}
# Steps of that training, if 30 are too few: SI-SNR of simulated speech outweighs DFKD at first.
STEPS = {"dfkd": 180}
# Methods without any loss that applies to utterances without a reference.
NEED_REFERENCES = {"none", "latent_mixup", "dispatch"}
FILTERS = {"channel": 64, "kernel_size": 32, "stride": 16}
SMALL = {
    "encoder_conf": FILTERS,
    "decoder_conf": FILTERS,
    "separator_conf": {
        "num_spk": 1,
        "layer": 3,
        "stack": 1,
        "bottleneck_dim": 12,
        "hidden_dim": 24,
        "pre_mask_nonlinear": "linear",
    },
}
LARGE_FILTERS = {"channel": 80, "kernel_size": 40, "stride": 20}
TEACHER = {
    "encoder_conf": LARGE_FILTERS,
    "decoder_conf": LARGE_FILTERS,
    "separator": "text_informed_tcn",
    "separator_conf": {
        "layer": 3,
        "stack": 1,
        "bottleneck_dim": 16,
        "hidden_dim": 32,
        "text_conf": {"dim": 16, "num_blocks": 1, "num_heads": 2, "ffn_dim": 16, "dropout": 0.0},
        "fusion_conf": {"num_blocks": 1, "num_heads": 2, "query_stride": 4},
    },
    "token_list": TOKENS,
}


# AT-KL and clskd_dccrn have other kinds of models, and the teacher of remixit_ema has the student's
# architecture; these have separate tests. GTCRN's and the controls of AT-KL are in
# tests/test_conf.py.
APART = ("student", "at_kl", "clskd_dccrn", "remixit_ema")
METHODS = sorted(
    path.stem
    for path in CONF.glob("mini/kd/*.yaml")
    if path.stem not in APART and not path.stem.startswith(("gtcrn_", "dccrn_"))
)


def losses_of(method: str) -> dict[str, Any]:
    """Return the `kd_losses` of a method."""
    return parse(f"mini/kd/{method}.yaml").kd_losses


def parse(name: str, **changes: Any):
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(CONF / name)])
    vars(args).update({"token_list": TOKENS, **changes})
    return args


def tones(frequencies: torch.Tensor, rate: float) -> torch.Tensor:
    """Return (B, L) tones at (B,) frequencies in Hz, amplitude-modulated at `rate` Hz."""
    time = torch.arange(SAMPLES) / 16000
    carrier = torch.sin(2 * torch.pi * frequencies[:, None] * time)
    return 0.05 * carrier * (1.1 + torch.sin(2 * torch.pi * rate * time))


def batches(with_second_noise: bool = False) -> dict[int, dict[str, torch.Tensor]]:
    """Return a batch of four SIMU utterances and one of four REAL ones without references.

    Each mixture is a low tone and a high tone in noise; the text says which tone is speech.
    """
    generator = torch.Generator().manual_seed(0)
    result = {}
    for category in (SIMU, REAL):
        low = tones(300 + 100 * torch.rand(4, generator=generator), rate=4.0)
        high = tones(1500 + 500 * torch.rand(4, generator=generator), rate=7.0)
        speech_is_low = torch.tensor([True, False, True, False])
        reference = torch.where(speech_is_low[:, None], low, high)
        noise = 0.02 * torch.randn(2, 4, SAMPLES, generator=generator)
        result[category] = {
            "speech_mix": low + high + noise[0],
            "speech_mix_lengths": torch.full((4,), SAMPLES),
            "speech_ref1": reference if category == SIMU else torch.full_like(reference, torch.nan),
            "text": torch.where(speech_is_low[:, None], torch.tensor([3, 4, 3]), torch.tensor(5)),
            "text_lengths": torch.full((4,), 3),
            "utt2category": torch.full((4, 1), category),
        }
        if with_second_noise and category == SIMU:
            result[category]["speech_mix2"] = low + high + noise[1]
    return result


def train(model: ESPnetKDModel, data: list[dict[str, torch.Tensor]], steps: int) -> None:
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    model.train()
    for step in range(steps):
        optimizer.zero_grad()
        model(**data[step % len(data)])[0].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()


def measure(model: ESPnetKDModel, batch: dict[str, torch.Tensor]) -> dict[str, float]:
    with torch.no_grad():
        return {name: value.item() for name, value in model.eval()(**batch)[1].items()}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> dict[str, str]:
    """Options that name a briefly trained text-informed teacher."""
    torch.manual_seed(0)
    args = parse("mini/se/conv_tasnet.yaml", **TEACHER)
    model = EnhKDTask.build_model(args)
    train(model, [batches()[SIMU]], 60)
    directory = tmp_path_factory.mktemp("teacher")
    (directory / "config.yaml").write_text(yaml.safe_dump(vars(args)))
    torch.save(model.state_dict(), directory / "teacher.pth")
    return {
        "teacher_config": str(directory / "config.yaml"),
        "teacher_checkpoint": str(directory / "teacher.pth"),
    }


@pytest.fixture(scope="module")
def resources(tmp_path_factory) -> dict[str, str]:
    return resource_options(tmp_path_factory.mktemp("recognizer"))


@pytest.fixture
def build(teacher, resources):
    """Return a function that builds a small student with all or some of the losses of a method."""

    def make(method: str, **changes: Any) -> ESPnetKDModel:
        torch.manual_seed(1)
        args = parse(f"mini/kd/{method}.yaml", **{**SMALL, **teacher, **resources, **changes})
        return EnhKDTask.build_model(args)

    return make


def stages_of(method: str) -> list[dict[str, Any]]:
    """Return the changes that make `build` build each stage of a method."""
    args = parse(f"mini/kd/{method}.yaml", output_dir="exp")
    return [
        {"kd_losses": stage.kd_losses, "supervised_weight": stage.supervised_weight}
        for stage in (stage_arguments(args) if args.kd_stages else [args])
    ]


def data_of(method: str) -> dict[int, dict[str, torch.Tensor]]:
    """Return the batches, by category, that the method can learn from."""
    data = batches(with_second_noise=method == "latent_mixup")
    if method in NEED_REFERENCES:
        del data[REAL]
    return data


def category_of(entry: dict[str, Any]) -> int:
    return REAL if entry.get("categories") == ["REAL"] else SIMU


def check_that_it_falls(before: dict[str, float], after: dict[str, float], name: str) -> None:
    """Check that a loss falls: to a share of its value, or in dB if it becomes negative."""
    if after[name] < 0:
        assert after[name] < before[name] - DECIBELS
    else:
        assert after[name] < SHARES[name] * before[name]


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in METHODS for name in losses_of(method)]
)
def test_each_loss_falls_when_trained_alone(build, method, name):
    losses = losses_of(method)
    model = build(method, kd_losses={name: losses[name]}, supervised_weight=0.0)
    batch = data_of(method)[category_of(losses[name])]
    before = measure(model, batch)
    assert before["loss"] == pytest.approx(losses[name].get("weight", 1.0) * before[name])
    train(model, [batch], 20)
    check_that_it_falls(before, measure(model, batch), name)


@pytest.mark.parametrize("method", METHODS)
def test_the_sum_falls(build, method):
    """On simulated speech, and on real speech without references."""
    model, data = build(method, **stages_of(method)[0]), data_of(method)
    before = {kind: measure(model, batch) for kind, batch in data.items()}
    train(model, list(data.values()), STEPS.get(method, 30))
    for kind, batch in data.items():
        fall = before[kind]["loss"] - measure(model, batch)["loss"]
        assert fall > LEAST_FALLS[kind] * abs(before[kind]["loss"])


@pytest.mark.parametrize("method", METHODS)
def test_real_speech_without_reference(build, method):
    """Losses that need a reference are left out, as is the supervised criterion."""
    model = build(method).train()
    loss, stats, _ = model(**batches()[REAL])
    expected = set() if method in NEED_REFERENCES else losses_of(method).keys()
    assert {name for name in stats if "_REAL" not in name} == {*expected, "loss"}
    assert loss.requires_grad == (method not in NEED_REFERENCES)


def gradient(model: ESPnetKDModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the gradient of the loss with respect to the separator's weights, as one vector."""
    model.zero_grad()
    model(**batch)[0].backward()
    return torch.cat([p.grad.flatten() for p in model.separator.parameters() if p.grad is not None])


@pytest.mark.parametrize("method", [method for method in METHODS if method != "none"])
def test_the_transcript_changes_what_is_taught(build, method):
    """The gradient of each loss is different with the wrong transcript."""
    data = data_of(method)
    batch = data.get(REAL, data[SIMU])
    for name, entry in losses_of(method).items():
        model = build(method, kd_losses={name: entry}, supervised_weight=0.0).eval()
        right, wrong = (
            gradient(model, {**batch, "text": batch["text"].roll(shift, 0)}) for shift in (0, 1)
        )
        assert (wrong - right).norm() > 1e-3 * right.norm(), name


def test_the_teacher_follows_its_text(build):
    """The teacher's signal, as the losses see it, is the tone that the text names."""
    model, batch = build("output"), batches()[SIMU]
    seen = []
    model.distiller.losses["output"].register_forward_pre_hook(
        lambda _, given: seen.append(given[1].signal)
    )
    for text in (batch["text"], batch["text"].roll(1, 0)):
        model(**{**batch, "text": text})
    right, wrong = (
        si_snr(batch["speech_ref1"], signal, batch["speech_mix_lengths"]) for signal in seen
    )
    assert right.min() > 10 and wrong.max() < -10


def test_two_step_learns_from_references_in_its_second_step(build):
    first, second = (build("two_step", **changes) for changes in stages_of("two_step"))
    batch = batches()[SIMU]
    untrained = measure(first, batch)
    train(first, [batch], 15)
    distilled = measure(first, batch)
    assert distilled["si_snr_loss"] > untrained["si_snr_loss"] - 3  # no loss has trained it
    second.load_state_dict(first.state_dict())
    train(second, [batch], 15)
    found = measure(second, batch)
    assert found.keys() == {"si_snr_loss", "si_snr_loss_SIMU", "loss"}
    assert found["loss"] < distilled["si_snr_loss"] - 5


def test_remixit_with_a_teacher_that_follows(tmp_path):
    """The student starts as its teacher, and learns to separate what the teacher has separated."""
    own = teacher_options(tmp_path, vars(parse("mini/kd/none.yaml", **SMALL)))
    torch.manual_seed(1)
    model = EnhKDTask.build_model(parse("mini/kd/remixit_ema.yaml", **SMALL, **own))
    model.load_state_dict(torch.load(own["teacher_checkpoint"]), strict=False)
    batch = batches()[REAL]
    teacher = model.teacher.module.state_dict()
    before = {name: value.clone() for name, value in teacher.items()}
    first = measure(model, batch)["remix"]
    train(model, [batch], 20)
    assert measure(model, batch)["remix"] < first - 3.0
    torch.testing.assert_close(teacher, before)
    model.distiller.begin_epoch(2, model)  # the trainer calls it
    latest = model.state_dict()
    expected = {name: 0.9 * value + 0.1 * latest[name] for name, value in before.items()}
    torch.testing.assert_close(model.teacher.module.state_dict(), expected)


@pytest.mark.parametrize("name", ["attention", "loss"])
def test_at_kl_between_the_models_of_its_paper(tmp_path, name):
    """DCCRN learns from Uformer, through attention of twelve layers alone or all losses."""
    uformer = vars(parse("mini/se/uformer.yaml"))
    args = parse("mini/kd/at_kl.yaml", **teacher_options(tmp_path, uformer))
    if name == "attention":
        del args.kd_losses["output"]
        args.supervised_weight = 0.0
    torch.manual_seed(1)
    model = EnhKDTask.build_model(args)
    batch = short_batch(2)
    before = measure(model.train(), batch)
    train(model, [batch], 15)
    fall = before[name] - measure(model, batch)[name]
    assert fall > LEAST_FALLS[SIMU] * before[name]


def short_batch(count: int) -> dict[str, torch.Tensor]:
    """Return the first halves of some simulated utterances."""
    whole = batches()[SIMU]
    batch = {
        key: value[:count, : SAMPLES // 2] if value.dim() == 2 else value[:count]
        for key, value in whole.items()
    }
    batch["speech_mix_lengths"] = torch.full((count,), SAMPLES // 2)
    return batch


def test_clskd_between_the_models_of_its_paper(tmp_path):
    """A small DCCRN learns similarities in twelve layers from a larger one; paths learn, too."""
    teacher = vars(parse("mini/se/dccrn.yaml"))
    args = parse("mini/kd/clskd_dccrn.yaml", **teacher_options(tmp_path, teacher))
    args.supervised_weight = 0.0
    torch.manual_seed(1)
    model = EnhKDTask.build_model(args)
    batch = short_batch(4)
    before = measure(model, batch)["similarity"]
    train(model, [batch], 30)
    assert measure(model, batch)["similarity"] < SHARES["similarity"] * before
    assert model.distiller.losses["similarity"].paths[11].all()
