"""Cosine loss: golden values, identity at the start, merging, padding, gradient."""

import pytest
import torch
from espnet2.enh.layers.complexnn import ComplexConv2d, ComplexConvTranspose2d
from espnet2.enh.separator.dccrn_separator import DCCRNSeparator
from espnet2.main_funcs.average_nbest_models import average_nbest_models
from espnet2.train.reporter import Reporter
from torch import nn

from espnet_kd.distill.bottleneck import InvertedBottleneck
from espnet_kd.distill.cosine import CosineLoss
from espnet_kd.distill.distiller import Distiller, Term
from espnet_kd.distill.taps import Tap, TapPair
from espnet_kd.errors import UserError

from .features import check_gradient, check_padding, comparing, seen

PAIR = TapPair(Tap("bottleneck"), Tap("bottleneck"))
SECOND = TapPair(Tap("mask", "input"), Tap("mask", "input"))


@pytest.fixture
def prepared(student, teacher, mixture):
    """Function that builds and prepares a loss for some pairs, in a distiller."""

    def prepare(*pairs):
        loss = CosineLoss()
        loss.pairs = pairs
        distiller = Distiller({"latent": Term(loss, 1.0)})
        distiller.prepare(student, lambda: student(mixture), teacher, lambda: teacher(mixture))
        return loss, distiller

    return prepare


def scramble(loss):
    """Randomize the weights, as if trained."""
    with torch.no_grad():
        for weight in loss.parameters():
            weight.normal_()


def with_identity(channels):
    """Return a loss whose `up` is the identity."""
    loss = CosineLoss()
    loss.bottlenecks.append(InvertedBottleneck(channels, channels))
    with torch.no_grad():
        loss.bottlenecks[0].up.weight.copy_(torch.eye(channels)[..., None, None])
    return loss.double()


def features(channels, frames=10, bins=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, channels, bins, frames, generator=generator)


def test_golden():
    """Frames that are orthogonal, at 60 degrees, opposite, and (in the padding) equal."""
    student = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]).double()
    teacher = torch.tensor([[0.0, 2.0], [0.5, 0.75**0.5], [-3.0, -3.0], [1.0, 0.0]]).double()
    student, teacher = (x.T.view(1, 2, 1, 4) for x in (student, teacher))
    loss = with_identity(2).compare(0, student, teacher, torch.tensor([0.75]))
    torch.testing.assert_close(loss, torch.tensor([(1.0 + 0.5 + 2.0) / 3]).double())
    flat = (x.view(1, 1, 2, 4) for x in (student, teacher))  # bins count just as channels do
    torch.testing.assert_close(
        with_identity(1).compare(0, *flat, torch.tensor([0.75])),
        torch.tensor([(1.0 + 0.5 + 2.0) / 3]).double(),
    )


def test_minimum_is_the_widened_student_at_any_scale():
    loss = CosineLoss()
    loss.bottlenecks.append(InvertedBottleneck(3, 5))
    feature = features(3)
    scale = features(1, bins=1, seed=1).exp()
    teacher = scale * loss.bottlenecks[0].up(feature).detach()
    torch.testing.assert_close(loss.compare(0, feature, teacher, torch.ones(2)), torch.zeros(2))
    assert (loss.compare(0, feature, -teacher, torch.ones(2)) > 1.9).all()


def test_teacher_with_another_frame_rate_is_interpolated():
    loss = with_identity(2)
    student, teacher = features(2, 5).double(), features(2, 5, seed=1).double()
    expected = loss.compare(0, student, teacher, torch.ones(2))
    twice = teacher.repeat_interleave(2, dim=3)  # interpolation of two equal frames
    torch.testing.assert_close(loss.compare(0, student, twice, torch.ones(2)), expected)


def test_padding_does_not_count():
    check_padding(
        comparing(with_identity(4)), features(4).double(), features(4, 5, seed=1).double()
    )


def test_gradient():
    loss = CosineLoss()
    loss.bottlenecks.append(InvertedBottleneck(2, 3))
    student, teacher = features(2, 5).double(), features(3, 5, seed=1).double()
    check_gradient(comparing(loss.double()), student, teacher)
    loss.compare(0, student, teacher, torch.ones(2)).sum().backward()
    assert loss.bottlenecks[0].up.weight.grad.abs().min() > 0


@pytest.mark.parametrize("wide", [4, 6])
def test_complex_bottleneck_starts_as_the_identity_and_is_complex(wide):
    module, feature = InvertedBottleneck(4, wide, is_complex=True), features(4)
    torch.testing.assert_close(module(feature), feature)
    scramble(module)
    real, imag = feature.chunk(2, dim=1)
    turned = torch.cat([-imag, real], dim=1)  # i times the feature
    real, imag = module(feature).chunk(2, dim=1)
    torch.testing.assert_close(module(turned), torch.cat([-imag, real], dim=1))


@pytest.mark.parametrize("wide", [3, 5])
def test_bottleneck_starts_as_the_identity(wide):
    module = InvertedBottleneck(3, wide)
    assert module.up.weight.shape == (wide, 3, 1, 1)
    feature = features(3)
    torch.testing.assert_close(module(feature), feature)
    assert [name for name, _ in module.named_parameters()] == ["up.weight", "down.weight"]


def test_student_starts_unchanged_and_trains_the_bottlenecks(prepared, student, mixture):
    loss, distiller = prepared(PAIR, SECOND)
    before = student(mixture)
    seen_ = distiller.observe_student(student, lambda: student(mixture))
    torch.testing.assert_close(seen_.signal, before)
    seen_.signal.square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in loss.parameters())


def test_loss_compares_the_features_before_the_bottleneck(prepared, student, teacher, mixture):
    loss, distiller = prepared(PAIR)
    own = student.bottleneck(student.encoder(mixture[:, None]))
    others = teacher.bottleneck(teacher.encoder(mixture[:, None]))
    scramble(loss)
    observed = distiller.observe_student(student, lambda: student(mixture))
    taught = distiller.observe_teacher(teacher, lambda: teacher(mixture))
    found = distiller(observed, taught, None, torch.tensor([40, 40]), None)["latent"]
    wide = torch.einsum("ec,bct->bet", loss.bottlenecks[0].up.weight[..., 0, 0], own)
    others = nn.functional.interpolate(others, size=10, mode="linear")
    expected = 1 - nn.functional.cosine_similarity(wide, others, dim=1)
    torch.testing.assert_close(found, expected.mean(dim=1))


def test_merged_student_equals_inline(prepared, student, mixture):
    loss, distiller = prepared(PAIR, SECOND, TapPair(Tap("mask"), Tap("mask")))
    scramble(loss)
    with torch.no_grad():
        inline = distiller.observe_student(student, lambda: student(mixture)).signal
        state = {key: value.clone() for key, value in student.state_dict().items()}
        assert "bottleneck.bias" in state
        loss.merge(state, loss.state_dict())
        assert state.keys() == student.state_dict().keys()
        assert not torch.allclose(student(mixture), inline, atol=1e-3)
        student.load_state_dict(state)
        torch.testing.assert_close(student(mixture), inline, atol=1e-5, rtol=1e-5)


class OneLayer(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, value):
        return self.layer(value)


def biased(layer, bias):
    """Give ESPnet's complex layer other biases than zero, or none."""
    for part in (layer.real_conv, layer.imag_conv):
        part.bias = nn.Parameter(torch.randn_like(part.bias)) if bias else None
    return layer


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("make", "shape", "layout"),
    [
        (nn.Linear, (2, 7, 4), "btc"),
        (lambda i, o, bias: nn.Conv1d(i, o, 3, bias=bias), (2, 4, 7), ""),
        (lambda i, o, bias: nn.Conv2d(i, o, (3, 2), bias=bias), (2, 4, 5, 7), ""),
        (lambda i, o, bias: nn.ConvTranspose1d(i, o, 3, 2, bias=bias), (2, 4, 7), "bct"),
        (lambda i, o, bias: nn.ConvTranspose2d(i, o, 3, bias=bias), (2, 4, 5, 7), "bctf"),
        (lambda i, o, bias: biased(ComplexConv2d(i, o, (3, 2)), bias), (2, 4, 5, 7), ""),
        (lambda i, o, bias: biased(ComplexConvTranspose2d(i, o, (3, 2)), bias), (2, 4, 5, 7), ""),
    ],
)
def test_every_linear_layer_merges(make, shape, layout, bias, side):
    """Equal numbers of channels, so a wrong axis would not show as a wrong shape."""
    model, value = OneLayer(make(4, 4, bias=bias)), torch.randn(*shape)
    loss = CosineLoss()
    tap = Tap("layer", side, layout)
    loss.pairs = (TapPair(tap, tap),)
    distiller = Distiller({"latent": Term(loss, 1.0)})
    distiller.prepare(model, lambda: model(value), model, lambda: model(value))
    scramble(loss)
    inline = distiller.observe_student(model, lambda: model(value)).signal
    published = CosineLoss()  # never prepared
    published.pairs = loss.pairs
    state = model.state_dict()
    published.merge(state, loss.state_dict())
    model.load_state_dict(state)
    torch.testing.assert_close(model(value), inline, atol=1e-5, rtol=1e-5)


def enhance(model, spectrum):
    """Return the real and imaginary parts of the enhanced spectrum, (B, 2 F T)."""
    (masked,), _, _ = model(spectrum, torch.full((2,), spectrum.size(1)))
    return torch.view_as_real(masked).flatten(1)


@pytest.mark.parametrize(
    "tap",
    [
        Tap("encoder.1.0"),
        Tap("encoder.1.0", "input"),
        Tap("decoder.0.0", skip_frames=1),
        Tap("decoder.1.0", "input"),
    ],
)
def test_dccrn(tap):
    """Merged, the student computes what it computes with the bottleneck inside."""
    student, teacher = (
        DCCRNSeparator(17, rnn_units=8, kernel_num=channels).eval()
        for channels in ([4, 8], [6, 12])
    )
    spectrum = torch.randn(2, 9, 17, dtype=torch.cfloat)
    loss = CosineLoss()
    loss.pairs = (TapPair(tap, tap),)
    distiller = Distiller({"latent": Term(loss, 1.0)})
    runs = (lambda: enhance(student, spectrum)), (lambda: enhance(teacher, spectrum))
    distiller.prepare(student, runs[0], teacher, runs[1])
    with torch.no_grad():
        before = enhance(student, spectrum)
        start = distiller.observe_student(student, runs[0])
        torch.testing.assert_close(start.signal, before)
        assert start.features[tap].size(-1) == 9
        scramble(loss)
        inline = distiller.observe_student(student, runs[0]).signal
        assert not torch.allclose(inline, before, atol=1e-3)
        state = {key: value.clone() for key, value in student.state_dict().items()}
        loss.merge(state, loss.state_dict())
        assert state.keys() == student.state_dict().keys()
        student.load_state_dict(state)
        torch.testing.assert_close(enhance(student, spectrum), inline, atol=1e-5, rtol=1e-5)


def test_a_part_of_a_complex_layer_cannot_be_tapped():
    model, spectrum = DCCRNSeparator(17, rnn_units=8, kernel_num=[4, 8]), torch.ones(2, 9, 17)
    tap = Tap("encoder.1.0.real_conv")
    loss = CosineLoss()
    loss.pairs = (TapPair(tap, tap),)
    distiller, run = Distiller({"latent": Term(loss, 1.0)}), lambda: enhance(model, spectrum + 0j)
    with pytest.raises(UserError, match="runs more than once; .* once, e.g. 'encoder.1.0'$"):
        distiller.prepare(model, run, model, run)


@pytest.mark.parametrize(
    ("layer", "tap", "problem"),
    [
        (nn.PReLU(4), Tap("layer"), "'layer' taps a PReLU, which cannot absorb a linear map; tap"),
        (nn.BatchNorm1d(4), Tap("layer"), "'layer' taps a BatchNorm1d"),
        (nn.Sequential(nn.Conv1d(4, 4, 1)), Tap("layer"), "'layer' taps a Sequential"),
        (nn.Conv1d(4, 4, 1, groups=2), Tap("layer"), "Conv, ConvTranspose or complex convolution"),
        (ComplexConv2d(4, 4, groups=2), Tap("layer"), "'layer' taps a ComplexConv2d"),
        (
            nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 4, 1)),
            Tap("layer"),
            "which cannot absorb a linear map",
        ),
        (nn.PReLU(4), Tap("layer", "input"), r"'layer \(input\)' taps a PReLU"),
        (nn.Conv1d(4, 4, 1), Tap("layer", layout="btc"), "channels on the second axis"),
        (nn.Linear(7, 7), Tap("layer"), "on the last axis, but its layout is the default"),
    ],
)
def test_layers_that_cannot_absorb_it(layer, tap, problem):
    loss = CosineLoss()
    loss.pairs = (TapPair(tap, tap),)
    observed = seen({tap: torch.randn(1, 4, 1, 7)}, OneLayer(layer))
    with pytest.raises(ValueError, match=problem):
        loss.prepare(observed, observed)


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        (features(3), "has 3 channels, fewer than the 4 of 'layer' of the student"),
        (features(4, bins=5), "'layer' has 2 bins and 'wide' of the teacher has 5"),
    ],
)
def test_features_that_cannot_be_aligned(others, problem):
    loss = CosineLoss()
    pair = TapPair(Tap("layer"), Tap("wide"))
    loss.pairs = (pair,)
    student = seen({pair.student: features(4)}, OneLayer(nn.Conv2d(4, 4, 1)))
    with pytest.raises(ValueError, match=problem):
        loss.prepare(student, seen({pair.teacher: others}))


def test_complex_layer_and_a_teacher_of_odd_width():
    loss, pair = CosineLoss(), TapPair(Tap("layer"), Tap("wide"))
    loss.pairs = (pair,)
    student = seen({pair.student: features(4)}, OneLayer(ComplexConv2d(4, 4)))
    with pytest.raises(ValueError, match="'layer' is complex, but 'wide' .* has 5 channels, an"):
        loss.prepare(student, seen({pair.teacher: features(5)}))


def test_two_bottlenecks_at_one_layer(student, teacher, prepared, mixture):
    with pytest.raises(ValueError, match="'latent': a layer of the student is tapped twice"):
        prepared(PAIR, TapPair(PAIR.student, Tap("encoder")))
    losses = CosineLoss(), CosineLoss()
    for loss in losses:
        loss.pairs = (PAIR,)
    distiller = Distiller({str(i): Term(loss, 1.0) for i, loss in enumerate(losses)})
    with pytest.raises(ValueError, match="'1': another loss already has a module at 'bottleneck'"):
        distiller.prepare(student, lambda: student(mixture), teacher, lambda: teacher(mixture))


@pytest.mark.parametrize("side", ["input", "output"])
def test_averaged_checkpoints_merge(side, tmp_path):
    """Averaged by ESPnet, which sums integers."""
    bottleneck = InvertedBottleneck(2, 3, axis=1 if side == "input" else 0)
    state = {f"bottlenecks.0.{key}": value for key, value in bottleneck.state_dict().items()}
    reporter = Reporter()
    for epoch in (1, 2, 3):
        reporter.set_epoch(epoch)
        with reporter.observe("valid") as observed:
            observed.register({"loss": torch.tensor(0.1 * epoch)}, 1)
            observed.next()
        torch.save(state, tmp_path / f"{epoch}epoch.pth")
    average_nbest_models(tmp_path, reporter, [("valid", "loss", "min")], 3)
    averaged = torch.load(tmp_path / "valid.loss.ave_3best.pth")
    loss = CosineLoss()
    loss.pairs = [TapPair(Tap("layer", side), Tap("layer"))]
    weight = torch.randn(2, 2, 1)
    student = {"layer.weight": weight.clone()}
    loss.merge(student, averaged)
    torch.testing.assert_close(student["layer.weight"], weight)  # the bottleneck is the identity
