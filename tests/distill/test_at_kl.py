"""AT-KL: golden values, invariances, alignment, padding, gradient."""

import math

import pytest
import torch
from espnet2.enh.separator.dccrn_separator import DCCRNSeparator

from espnet_kd.distill.at_kl import ATKLLoss, ranked
from espnet_kd.distill.taps import Tap, TapPair, capture

from .features import check_gradient, check_padding, comparing, seen

ONE = torch.ones(1)
OPTIONS = [
    {},
    {"channels": "sum"},
    {"complex_halves": True},
    {"distance": "squared"},
    {"maps": ["all"]},
]


def features(channels, frames=10, bins=3, seed=0, batch=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, bins, frames, generator=generator)


def divergence(teacher, student, temperature):
    """Compute the KL divergence of softmax(values / rms / temperature) in plain Python."""
    distributions = []
    for values in (teacher, student):
        rms = math.sqrt(sum(v * v for v in values) / len(values))
        powers = [math.exp(v / rms / temperature) for v in values]
        distributions.append([p / sum(powers) for p in powers])
    return sum(t * math.log(t / s) for t, s in zip(*distributions, strict=True))


def test_golden():
    """Two channels, two frames: |A|^2 = (1, 9), (4, 0) against (0, 4), (0, 4)."""
    student = torch.tensor([[1.0, -3.0], [2.0, 0.0]]).view(1, 2, 1, 2)
    teacher = torch.tensor([[0.0, -2.0], [0.0, 2.0]]).view(1, 2, 1, 2)
    expected = divergence([0, 4], [2.5, 4.5], 2.0) + divergence([2, 2], [5, 2], 2.0)
    loss = ATKLLoss(temperature=2.0).compare(0, student, teacher, ONE)
    torch.testing.assert_close(loss, torch.tensor([expected]))


def test_golden_of_frequency_maps():
    student, teacher = features(2, 3, 2, batch=1), features(2, 3, 2, seed=1, batch=1)
    energies = teacher[0] ** 2, student[0] ** 2
    over_time = divergence(*(e.mean(0).flatten().tolist() for e in energies), 4.0)
    means = (e.mean(2) for e in energies)
    ranks = divergence(*(e.sort(0, True).values.flatten().tolist() for e in means), 4.0)
    profile = divergence(*(e.mean((0, 2)).tolist() for e in energies), 4.0)
    for channels, expected in (("sorted", over_time + ranks), ("sum", over_time + profile)):
        loss = ATKLLoss(channels=channels).compare(0, student, teacher, ONE)
        torch.testing.assert_close(loss, torch.tensor([expected]))


@pytest.mark.parametrize("channels", ["sorted", "sum"])
def test_minimum_where_only_the_scale_differs(channels):
    feature = features(4).requires_grad_()
    loss = ATKLLoss(channels=channels).compare(0, feature, -5 * feature.detach(), torch.ones(2))
    torch.testing.assert_close(loss, torch.zeros(2))
    loss.sum().backward()
    torch.testing.assert_close(feature.grad, torch.zeros_like(feature), atol=1e-6, rtol=0)
    other = ATKLLoss(channels=channels).compare(0, feature, features(4, seed=1), torch.ones(2))
    assert (other > 1e-3).all()


def test_complex_halves_are_one_number():
    """Rotating each complex number changes nothing, unless the halves are taken as channels."""
    feature = features(6)
    turned = torch.complex(*feature.chunk(2, dim=1)) * torch.exp(1j * features(3, seed=1))
    turned = torch.cat([turned.real, turned.imag], dim=1)
    loss = ATKLLoss(complex_halves=True).compare(0, turned, feature, torch.ones(2))
    torch.testing.assert_close(loss, torch.zeros(2))
    assert (ATKLLoss().compare(0, turned, feature, torch.ones(2)) > 1e-3).all()


def test_teacher_is_averaged_to_the_shape_of_the_student():
    """A teacher that repeats each channel, bin and frame of the student has the same maps."""
    feature = torch.ones(2, 3, 4, 10) * torch.randn(2, 3, 4, 1)
    teacher = feature.repeat_interleave(2, 1).repeat_interleave(3, 2).repeat_interleave(2, 3)
    loss = ATKLLoss().compare(0, feature, teacher, torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(loss, torch.zeros(2))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("wide", [4, 6, 10])
def test_order_of_channels_does_not_matter(options, wide):
    """The channels of two models that were trained apart have no common order."""
    loss, student, teacher = ATKLLoss(**options), features(6), features(wide, seed=1)
    halves = 2 if "complex_halves" in options else 1
    order = torch.randperm(wide // halves)
    order = torch.cat([order + half * wide // halves for half in range(halves)])
    expected = loss.compare(0, student, teacher, torch.ones(2))
    found = loss.compare(0, student, teacher[:, order], torch.ones(2))
    torch.testing.assert_close(found, expected)
    assert (expected > 1e-4).all()


def test_teacher_with_fewer_channels_is_not_repeated():
    """Ranks in between are interpolated: 8, 2 become 8, 6.5, 3.5, 2."""
    energy = torch.tensor([2.0, 8.0]).view(1, 2, 1)
    torch.testing.assert_close(ranked(energy, 4).flatten(), torch.tensor([8.0, 6.5, 3.5, 2.0]))
    torch.testing.assert_close(ranked(energy, 1).flatten(), torch.tensor([5.0]))


def test_controls():
    """Squared distance of maps of unit norm; KL of all energies, ranked at each place."""
    student, teacher = features(3, 4, 2, batch=1), features(3, 4, 2, seed=1, batch=1)
    energies = [feature[0] ** 2 for feature in (teacher, student)]
    at = [[e.mean(0).flatten(), e.mean(2).sort(0, True).values.flatten()] for e in energies]
    expected = sum((t / t.norm() - s / s.norm()).square().sum() for t, s in zip(*at, strict=True))
    loss = ATKLLoss(distance="squared").compare(0, student, teacher, ONE)
    torch.testing.assert_close(loss, expected[None])
    ranks = (e.sort(0, True).values.flatten().tolist() for e in energies)
    loss = ATKLLoss(maps=["all"]).compare(0, student, teacher, ONE)
    torch.testing.assert_close(loss, torch.tensor([divergence(*ranks, 4.0)]))


def layers(loss, levels):
    """Give the loss layers; return observations whose layers have features of such levels."""
    loss.pairs = [TapPair(Tap(f"s{i}"), Tap(f"t{i}")) for i in range(len(levels))]
    base, other = features(4), features(4, seed=1)
    teacher = [base + level * other for level in levels]
    return (
        seen({pair.student: base for pair in loss.pairs}),
        seen({pair.teacher: value for pair, value in zip(loss.pairs, teacher, strict=True)}),
    )


def test_balance_gives_each_layer_the_same_share():
    """Without it, the layers with the largest values have nearly all of the mean."""
    loss = ATKLLoss(balance=True)
    observed = layers(loss, [0.05, 0.1, 1.0])
    loss.prepare(*observed)
    lengths = torch.ones(2)
    values = loss.values(*observed, lengths)
    torch.testing.assert_close(loss.eval()(*observed, None, lengths), values.mean(0))  # untrained
    value = loss.train()(*observed, None, lengths)
    level = loss.balance.level
    torch.testing.assert_close(level, values.mean(1))
    expected = (values * (level.mean() / level)[:, None]).mean(0)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(value.mean(), values.mean())
    shares = values.mean(1) / values.sum(0).mean()
    assert shares.max() > 0.8
    weighted = values.mean(1) * level.mean() / level
    torch.testing.assert_close(weighted / weighted.sum(), torch.full((3,), 1 / 3))


def test_levels_are_saved_and_not_spoilt():
    loss = ATKLLoss(balance=True)
    observed = layers(loss, [0.1, 1.0])
    loss.prepare(*observed)
    loss.train()(*observed, None, torch.ones(2))
    saved = {key: value.clone() for key, value in loss.state_dict().items()}
    assert list(saved) == ["balance.level"]
    loss.balance(torch.full((2, 2), torch.nan))
    assert torch.equal(loss.balance.level, saved["balance.level"])
    loss.balance(torch.zeros(2, 2))
    torch.testing.assert_close(loss.balance.level, 0.99 * saved["balance.level"])


def test_dccrn_against_the_frames_that_it_uses():
    """ESPnet's DCCRN drops the first frame of each decoder layer; a teacher has no such frame."""
    model, used = DCCRNSeparator(17, rnn_units=8, kernel_num=[4, 8, 8]).eval(), {}
    for index, layer in enumerate(model.decoder):
        layer.register_forward_hook(
            lambda _, __, out, index=index: used.__setitem__(index, out[..., 1:])
        )
    spectrum, lengths = torch.randn(2, 20, 17, dtype=torch.cfloat), torch.tensor([20, 20])
    values = {}
    for skip in (0, 1):
        taps = [Tap(f"decoder.{index}", skip_frames=skip) for index in range(3)]
        own = {}
        with torch.no_grad(), capture(model, taps, own):
            model(spectrum, lengths)
        loss = ATKLLoss(complex_halves=True)
        loss.pairs = [TapPair(tap, Tap(f"t{index}")) for index, tap in enumerate(taps)]
        teacher = seen({pair.teacher: used[index] for index, pair in enumerate(loss.pairs)})
        values[skip] = loss(seen(own), teacher, None, torch.ones(2))
    torch.testing.assert_close(values[1], torch.zeros(2))
    assert (values[0] > 1e-3).all()


def test_narrower_teacher():
    student, teacher = features(8), features(3, frames=7, bins=2, seed=1)
    loss = ATKLLoss().compare(0, student, teacher, torch.ones(2))
    assert loss.isfinite().all() and (loss > 0).all()


def test_length_does_not_matter():
    student, teacher = features(4), features(4, seed=1)
    short = ATKLLoss().compare(0, student, teacher, torch.ones(2))
    twice = (feature.repeat(1, 1, 1, 2) for feature in (student, teacher))
    torch.testing.assert_close(ATKLLoss().compare(0, *twice, torch.ones(2)), short)


@pytest.mark.parametrize("options", OPTIONS)
def test_padding_does_not_count(options):
    student, teacher = features(4), features(6, frames=5, bins=5, seed=1)
    check_padding(comparing(ATKLLoss(**options)), student, teacher)
    valid = torch.full((2,), 0.6)
    padded = ATKLLoss(**options).compare(0, student, teacher, valid)
    cut = ATKLLoss(**options).compare(0, student[..., :6], teacher[..., :3], torch.ones(2))
    torch.testing.assert_close(padded, cut)


@pytest.mark.parametrize("options", OPTIONS)
def test_gradient(options):
    check_gradient(comparing(ATKLLoss(**options)), features(2, 5), features(4, 10, seed=1))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"temperature": 0.0}, "temperature is 0.0, not above 0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"channels": "pool"}, "channels is 'pool', not one of sorted, sum"),
        ({"maps": "time"}, "maps is 'time', not a list of time, channel, all"),
        ({"maps": []}, "maps is "),
        ({"maps": ["time", "frequency"]}, "maps is "),
        ({"distance": "l2"}, "distance is 'l2', not one of kl, squared"),
        ({"balance": 1}, "balance is 1; give true or false"),
    ],
)
def test_bad_settings(options, problem):
    with pytest.raises(ValueError, match=problem):
        ATKLLoss(**options)


@pytest.mark.parametrize(
    ("options", "own", "problem"),
    [
        ({"complex_halves": True}, features(3), "'a' has 3 channels, an odd number"),
        ({"channels": "sum"}, features(4, bins=1), "'a' has no frequency axis"),
    ],
)
def test_features_that_cannot_be_aligned(options, own, problem):
    loss = ATKLLoss(**options)
    pair = TapPair(Tap("a"), Tap("b"))
    loss.pairs = (pair,)
    with pytest.raises(ValueError, match=problem):
        loss.prepare(seen({pair.student: own}), seen({pair.teacher: features(4)}))
