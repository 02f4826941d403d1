"""The trained model: stock parameters and loss, padding, categories, learning."""

import pytest
import torch
from espnet2.enh.decoder.conv_decoder import ConvDecoder
from espnet2.enh.encoder.conv_encoder import ConvEncoder
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.enh.loss.criterions.time_domain import SISNRLoss, TimeDomainL1
from espnet2.enh.loss.wrappers.fixed_order import FixedOrderSolver

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.distill.base import DistillLoss
from espnet_kd.distill.distiller import Distiller, Term
from espnet_kd.enh.kd_model import ESPnetKDModel, criterion_per_utterance
from espnet_kd.errors import UserError

SIZES = {"channel": 32, "kernel_size": 20, "stride": 10}
LENGTH = 1600


def build(model, separator, **options):
    return model(
        encoder=ConvEncoder(**SIZES),
        separator=separator,
        decoder=ConvDecoder(**SIZES),
        mask_module=None,
        loss_wrappers=[FixedOrderSolver(SISNRLoss(), weight=0.5)],
        **options,
    )


@pytest.fixture
def student(make_baseline):
    return build(ESPnetKDModel, make_baseline(32))


def si_snr(estimate, reference):
    """Return the SI-SNR in dB, (B,)."""
    return -SISNRLoss()(reference, estimate)


def tone(frequency, count, length=LENGTH):
    """Return (count, length) tones with random phase."""
    time = torch.arange(length) / 16000
    phase = torch.rand(count, 1) * 2 * torch.pi
    return torch.sin(2 * torch.pi * frequency * time + phase)


def noisy_tones(count):
    reference = torch.cat([tone(300.0 + 100 * i, 1) for i in range(count)])
    return reference + 0.7 * torch.randn_like(reference), reference


def train(model, make_batch, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model(**make_batch())[0].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    return model.eval()


def test_parameters_equal_stock(student, make_baseline):
    stock = build(ESPnetEnhancementModel, make_baseline(32))
    shapes = {key: value.shape for key, value in stock.state_dict().items()}
    assert {key: value.shape for key, value in student.state_dict().items()} == shapes


@pytest.mark.parametrize("with_lengths", [True, False])
def test_loss_equals_stock(student, make_baseline, with_lengths):
    stock = build(ESPnetEnhancementModel, make_baseline(32))
    stock.load_state_dict(student.state_dict())
    mixture, reference = noisy_tones(3)
    lengths = torch.full((3,), LENGTH) if with_lengths else None
    expected, expected_stats, expected_weight = stock(mixture, lengths, speech_ref1=reference)
    found, stats, weight = student(mixture, lengths, speech_ref1=reference)
    torch.testing.assert_close(found, expected)
    assert weight == expected_weight
    for name in ("loss", "si_snr_loss"):
        torch.testing.assert_close(stats[name], expected_stats[name])


def test_enhance_returns_waveforms(student):
    mixture, _ = noisy_tones(2)
    enhanced, others = student.enhance(mixture, torch.full((2,), LENGTH))
    assert enhanced.shape == mixture.shape
    assert "mask_spk1" in others


@pytest.mark.parametrize("criterion", [SISNRLoss(), TimeDomainL1()])
def test_criterion_ignores_padding(criterion):
    reference, estimate, lengths = torch.randn(2, 90), torch.randn(2, 90), (90, 50)
    found = criterion_per_utterance(criterion, reference, estimate, lengths)
    alone = criterion(reference[1:, :50], estimate[1:, :50])
    torch.testing.assert_close(found[1:], alone)
    torch.testing.assert_close(found[:1], criterion(reference[:1], estimate[:1]))
    assert abs(found[1] - criterion(reference, estimate)[1]) > 1e-3


def test_loss_ignores_padding(student):
    mixture, reference = noisy_tones(2)
    lengths = torch.tensor([LENGTH, LENGTH // 2])
    loss = student(mixture, lengths, speech_ref1=reference)[0]
    reference[1, LENGTH // 2 :] = 9.0
    torch.testing.assert_close(student(mixture, lengths, speech_ref1=reference)[0], loss)


def test_loss_of_each_category(student):
    mixture, reference = noisy_tones(3)
    category = torch.tensor([[0], [1], [0]])
    loss, stats, _ = student(mixture, speech_ref1=reference, utt2category=category)
    each = -si_snr(student.enhance(mixture, torch.full((3,), LENGTH))[0], reference)
    assert stats["si_snr_loss_SIMU"].item() == pytest.approx(each[[0, 2]].mean().item())
    assert stats["si_snr_loss_REAL"].item() == pytest.approx(each[1].item())
    assert "si_snr_loss_CLEAN" not in stats
    assert loss.item() == pytest.approx(0.5 * each.mean().item())
    assert not any("_SIMU" in name for name in student(mixture, speech_ref1=reference)[1])


def test_criterion_only_for_test(student):
    """The criterion counts in validation and is skipped in training."""
    mixture, reference = noisy_tones(2)
    student.loss_wrappers.append(FixedOrderSolver(TimeDomainL1(only_for_test=True), weight=1.0))
    loss, stats, _ = student.eval()(mixture, speech_ref1=reference)
    assert loss > 0.5 * stats["si_snr_loss"]
    name = student.loss_wrappers[1].criterion.name
    assert name in stats
    loss, stats, _ = student.train()(mixture, speech_ref1=reference)
    assert name not in stats
    torch.testing.assert_close(loss.detach(), 0.5 * stats["si_snr_loss"])


def text_of(count, **extra):
    text = torch.tensor([[1, 2, 3]]).repeat(count, 1)
    return {"text": text, "text_lengths": torch.full((count,), 3), **extra}


def test_auxiliary_losses_are_weighted(make_teacher):
    mixture, reference = noisy_tones(2)
    separator = make_teacher(32, guided_attention=True, auxiliary_ctc=True)
    weights = {"ctc": 0.1, "guided_attention": 2.0}
    model = build(ESPnetKDModel, separator, auxiliary_weights=weights).train()
    loss, stats, _ = model(mixture, speech_ref1=reference, **text_of(2))
    expected = 0.5 * stats["si_snr_loss"] + 0.1 * stats["ctc"] + 2 * stats["guided_attention"]
    torch.testing.assert_close(loss.detach(), expected)
    model.auxiliary_weights = {}
    torch.testing.assert_close(
        model(mixture, speech_ref1=reference, **text_of(2))[0].detach(), 0.5 * stats["si_snr_loss"]
    )


def test_student_learns_four_utterances(student):
    mixture, reference = noisy_tones(4)
    train(student, lambda: {"speech_mix": mixture, "speech_ref1": reference}, steps=50)
    enhanced, _ = student.enhance(mixture, torch.full((4,), LENGTH))
    assert (si_snr(enhanced, reference) - si_snr(mixture, reference)).min() > 3


def text_decides(count):
    """Return mixtures of two tones and texts that name the target: each tone in half of them."""
    low, high = tone(500.0, count), tone(1500.0, count)
    first = torch.arange(count) % 2 == 0
    return {
        "speech_mix": low + high,
        "speech_ref1": torch.where(first[:, None], low, high),
        "text": torch.where(first[:, None], torch.tensor([[1, 2]]), torch.tensor([[3, 4]])),
        "text_lengths": torch.full((count,), 2),
    }


@pytest.mark.parametrize("stride", [1, 8])
def test_teacher_uses_its_text(make_teacher, stride):
    model = build(ESPnetKDModel, make_teacher(32, fusion={"query_stride": stride}))
    train(model, lambda: text_decides(8), steps=80)
    batch = text_decides(8)
    lengths = torch.full((8,), LENGTH)
    gain = {}
    for kind, text in (("right", batch["text"]), ("exchanged", batch["text"].roll(1, 0))):
        enhanced, _ = model.enhance(batch["speech_mix"], lengths, text, batch["text_lengths"])
        gain[kind] = si_snr(enhanced, batch["speech_ref1"]) - si_snr(
            batch["speech_mix"], batch["speech_ref1"]
        )
    assert gain["right"].min() > 3
    assert gain["exchanged"].max() < -3


class Opposing(DistillLoss):
    """Wants the opposite of the reference."""

    needs_reference = True
    needs_teacher = False

    def forward(self, student, teacher, reference, lengths):
        return 5 * (student.signal * reference).mean(1)


@pytest.mark.parametrize("calibrate", [False, True])
def test_gradients_are_calibrated_in_training_and_on_request(student, calibrate):
    student.learn_from(Distiller({"against": Term(Opposing(), 1.0, calibrate=calibrate)}), None)
    mixture, reference = noisy_tones(2)

    def run():
        loss, stats, _ = student(mixture, speech_ref1=reference)
        return loss, 0.5 * stats["si_snr_loss"] + stats["against"]

    loss, plain = run()
    assert ((loss - plain).abs() > 1e-3).all() == calibrate
    loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in student.parameters())
    student.eval()
    torch.testing.assert_close(*run())


def test_categories_can_have_weights(make_baseline):
    weighted = build(ESPnetKDModel, make_baseline(32), category_weights={"REAL": 0.3, "CLEAN": 0})
    mixture, reference = noisy_tones(3)
    category = torch.tensor([[0], [1], [2]])
    assert CATEGORIES == ("SIMU", "REAL", "CLEAN")

    def loss(model, rows=slice(None)):
        data = {"speech_ref1": reference[rows], "utt2category": category[rows]}
        return model(mixture[rows], **data)[0]

    alone = [loss(weighted, slice(i, i + 1)) for i in range(3)]
    plain = build(ESPnetKDModel, make_baseline(32))
    plain.load_state_dict(weighted.state_dict())
    expected = [loss(plain, slice(i, i + 1)) for i in range(3)]
    torch.testing.assert_close(alone, [expected[0], 0.3 * expected[1], 0 * expected[2]])
    torch.testing.assert_close(loss(weighted), sum(alone) / 3)
    weighted.eval()
    plain.eval()
    torch.testing.assert_close(loss(weighted), loss(plain))


@pytest.mark.parametrize(
    ("weights", "line"),
    [({"LIVE": 1}, "unknown 'LIVE'; use SIMU"), ({"REAL": -1}, "REAL: weight is -1; give")],
)
def test_wrong_category_weights(make_baseline, weights, line):
    with pytest.raises(UserError, match=f"model_conf, category_weights.*{line}"):
        build(ESPnetKDModel, make_baseline(32), category_weights=weights)
