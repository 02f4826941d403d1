"""Taps: both sides, layouts, replacement, and errors."""

import pytest
import torch
from torch import nn

from espnet_kd.distill.taps import Tap, capture, find_module, from_canonical, to_canonical
from espnet_kd.errors import UserError


def run(model, value, taps, replace=None):
    features = {}
    with capture(model, taps, features, replace):
        output = model(value)
    return output, features


def test_both_sides(student, mixture):
    code = student.encoder(mixture[:, None])
    hidden = student.bottleneck(code)
    block = student.block(hidden)
    taps = [Tap("bottleneck"), Tap("mask", "input"), Tap("block.1")]
    output, features = run(student, mixture, taps)
    assert torch.equal(output, student(mixture))
    assert list(features) == taps
    for tap, expected in zip(taps, (hidden, hidden + block, block), strict=True):
        assert torch.equal(features[tap], expected[:, :, None])


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("", (2, 3, 5)),
        ("", (2, 3, 4, 5)),
        ("bct", (2, 3, 5)),
        ("btc", (2, 5, 3)),
        ("tbc", (5, 2, 3)),
        ("bft", (2, 4, 5)),
        ("bt", (2, 5)),
        ("btfc", (2, 5, 4, 3)),
        ("bcft", (2, 3, 4, 5)),
        ("ftbc", (4, 5, 2, 3)),
    ],
)
def test_layouts_and_back(layout, shape):
    letters = layout or {3: "bct", 4: "bcft"}[len(shape)]
    value, tap = torch.randn(shape), Tap("x", layout=layout)
    feature = to_canonical(value, tap)
    sizes = {"b": 2, "c": 3, "f": 4, "t": 5}
    assert feature.shape == tuple(sizes[axis] if axis in letters else 1 for axis in "bcft")
    index = {"b": 1, "c": 2, "f": 3, "t": 4}
    of_value = value[tuple(index[axis] for axis in letters)]
    assert feature[tuple(index[axis] if axis in letters else 0 for axis in "bcft")] == of_value
    assert torch.equal(from_canonical(feature, tap, value), value)


@pytest.mark.parametrize("side", ["output", "input"])
def test_replacement_reaches_later_layers(side):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    value = torch.randn(2, 5, 3)
    tap = Tap("1", side, "btc")
    found, features = run(model, value, [tap], {tap: lambda feature: 2 * feature + 1})
    before = model[0](value) if side == "input" else model[:2](value)
    behind = model[1:] if side == "input" else model[2:]
    torch.testing.assert_close(found, behind(2 * before + 1))
    captured = features[tap].squeeze(2).transpose(1, 2)  # the feature before the replacement
    torch.testing.assert_close(captured, before)


def test_two_taps_of_one_place_capture_the_same():
    model, value = nn.Sequential(nn.Conv1d(3, 3, 1)), torch.randn(2, 3, 5)
    plain, named = Tap("0"), Tap("0", layout="bct")
    _, features = run(model, value, [plain, named], {plain: torch.zeros_like})
    assert torch.equal(features[named], features[plain])


def test_only_the_first_argument_is_replaced():
    class Sum(nn.Module):
        def forward(self, a, b):
            return a + b

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum = Sum()

        def forward(self, value):
            return self.sum(value, 10 * value)

    tap, value = Tap("sum", "input"), torch.ones(1, 2, 3)
    output, _ = run(Model(), value, [], {tap: torch.zeros_like})
    assert torch.equal(output, 10 * value)


@pytest.mark.parametrize("side", ["input", "output"])
def test_frames_that_the_model_discards(side):
    """They are neither seen nor replaced."""
    model, value = nn.Sequential(nn.Identity()), torch.randn(2, 3, 5)
    tap = Tap("0", side, skip_frames=2)
    output, features = run(model, value, [tap], {tap: torch.zeros_like})
    assert torch.equal(features[tap], value[:, :, None, 2:])
    assert torch.equal(output, torch.cat([value[..., :2], 0 * value[..., 2:]], dim=-1))
    with pytest.raises(UserError, match="'0': has 2 frames, but skip_frames is 2; skip fewer"):
        run(model, value[..., :2], [Tap("0", skip_frames=2)])


@pytest.mark.parametrize("frames", [-1, 1.0, True])
def test_bad_number_of_discarded_frames(frames):
    with pytest.raises(ValueError, match=f"skip_frames is {frames}; give a number"):
        Tap("x", skip_frames=frames)


def hooks(model):
    return [
        hook
        for module in model.modules()
        for hook in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
    ]


def test_hooks_are_removed(student, mixture):
    taps, features = [Tap("bottleneck"), Tap("mask", "input")], {}
    with capture(student, taps, features):
        assert len(hooks(student)) == 2
        student(mixture)
    assert not hooks(student)
    with pytest.raises(RuntimeError), capture(student, taps, features):
        student(mixture[:, None])
    assert not hooks(student)
    with pytest.raises(UserError), capture(student, [*taps, Tap("nowhere")], features):
        student(mixture)
    assert not hooks(student)


def test_gradients_flow_through_features(student, mixture):
    tap = Tap("bottleneck")
    _, features = run(student, mixture, [tap])
    features[tap].sum().backward()
    assert student.encoder.weight.grad.abs().sum() > 0
    assert student.decoder.weight.grad is None


def test_wrong_path_lists_the_nearest(student):
    with pytest.raises(UserError) as error:
        find_module(student, Tap("bottlneck"), "student")
    problem = "tap 'bottlneck': the student has no such module; nearest: bottleneck, "
    assert str(error.value).startswith(problem)
    with pytest.raises(UserError, match="the teacher has no such module; nearest: [a-z]"):
        find_module(student, Tap("xyzzy.0"), "teacher")


class Odd(nn.Module):
    """Model that runs `layer` in a given way."""

    def __init__(self, layer, run):
        super().__init__()
        self.layer, self.unused = layer, nn.Identity()
        self.run = run

    def forward(self, value):
        return self.run(self.layer, value)


@pytest.mark.parametrize(
    ("layer", "tap", "problem"),
    [
        (nn.LSTM(5, 3), Tap("layer"), "tap 'layer': is of type tuple; tap a layer"),
        (torch.fft.rfft, Tap("layer"), "tap 'layer': is complex; tap a layer"),
        (nn.Flatten(0, 1), Tap("layer"), r"layout '' does not fit its 2 axes \(6, 5\)"),
        (nn.Identity(), Tap("layer", layout="btfc"), r"'btfc' does not fit its 3 axes \(2, 3, 5\)"),
        (nn.Identity(), Tap("unused"), "tap 'unused': the student never runs this module; tap a"),
    ],
)
def test_layers_that_cannot_be_tapped(layer, tap, problem):
    if not isinstance(layer, nn.Module):
        function, layer = layer, nn.Identity()
        layer.forward = function
    model = Odd(layer, lambda layer, value: layer(value))
    with pytest.raises(UserError, match=problem):
        run(model, torch.randn(2, 3, 5), [tap])


def test_a_replaced_layer_that_never_runs():
    model = Odd(nn.Identity(), lambda layer, value: layer(value))
    with pytest.raises(UserError, match="never runs"):
        run(model, torch.randn(2, 3, 5), [], {Tap("unused"): lambda feature: feature})


def test_a_layer_that_runs_twice():
    model = Odd(nn.Identity(), lambda layer, value: layer(layer(value)))
    with pytest.raises(UserError, match="tap 'layer': runs more than once; tap a module"):
        run(model, torch.randn(2, 3, 5), [Tap("layer")])


def test_a_layer_without_a_first_argument():
    model = Odd(nn.Identity(), lambda layer, value: layer(input=value))
    with pytest.raises(UserError, match=r"tap 'layer \(input\)': is of type NoneType"):
        run(model, torch.randn(2, 3, 5), [Tap("layer", "input")])


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"path": ""}, "path is ''; name a module"),
        ({"path": 5}, "path is 5"),
        ({"path": "x", "side": "inside"}, "side is 'inside'; use output or input"),
        ({"path": "x", "layout": "bcct"}, "layout is 'bcct'; name each axis once"),
        ({"path": "x", "layout": "bcf"}, "layout is 'bcf'"),
        ({"path": "x", "layout": "bxt"}, "layout is 'bxt'"),
        ({"path": "x", "layout": 3}, "layout is 3"),
    ],
)
def test_invalid_taps(values, problem):
    with pytest.raises(ValueError, match=problem):
        Tap(**values)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_half_precision_is_captured_as_single(dtype):
    """Layers after the tap keep their precision."""
    model, tap = nn.Sequential(nn.Identity(), nn.Identity()), Tap("0", layout="bct")
    value = torch.randn(2, 3, 5).to(dtype)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    output, features = run(model, value, [tap])
    assert output.dtype == dtype and features[tap].dtype == wide
    assert torch.equal(features[tap].squeeze(2), value.to(wide))
    output, _ = run(model, value, [tap], {tap: lambda feature: 2 * feature})
    assert output.dtype == dtype and torch.equal(output, 2 * value)
