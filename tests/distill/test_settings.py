"""`kd_losses` and `kd_stages`: good settings are read, bad ones raise an error of one line."""

import sys

import pytest
import torch
import yaml

from espnet_kd.distill.gram import GramLoss
from espnet_kd.distill.output import OutputLoss
from espnet_kd.distill.settings import (
    LOSSES,
    SUPERVISED,
    Stage,
    find_class,
    read_losses,
    read_stages,
)
from espnet_kd.distill.taps import Tap, TapPair
from espnet_kd.errors import UserError

GOOD = """
output:
  type: output
  weight: 2
  categories: [REAL]
latent:
  type: gram
  taps:
  - separator.a
  - {path: separator.b, side: input}
  - student: separator.a
    teacher: {path: separator.c, layout: btc}
  conf: {kind: batch}
empty: {type: output, categories: , conf: , taps: }
"""


def test_good_losses():
    output, latent, empty = read_losses(yaml.safe_load(GOOD))
    assert (output.name, output.type, output.weight) == ("output", "output", 2.0)
    assert (output.categories, output.taps) == (("REAL",), ())
    assert (latent.weight, latent.categories, latent.conf) == (1.0, (), {"kind": "batch"})
    same, input_side = Tap("separator.a"), Tap("separator.b", "input")
    assert latent.taps == (
        TapPair(same, same),
        TapPair(input_side, input_side),
        TapPair(same, Tap("separator.c", layout="btc")),
    )
    assert (empty.categories, empty.taps, empty.conf) == ((), (), {})
    assert read_losses({}) == []


def test_a_loss_is_built_with_its_arguments_and_taps():
    output, latent, _ = (entry.build({}) for entry in read_losses(yaml.safe_load(GOOD)))
    assert type(output) is OutputLoss and type(latent) is GramLoss
    assert latent.kind == "batch"
    assert [str(pair.student) for pair in latent.pairs] == [
        "separator.a",
        "separator.b (input)",
        "separator.a",
    ]


@pytest.mark.parametrize("name", LOSSES)
def test_every_name_has_a_class(name):
    cls = find_class(name)
    assert cls.__module__ == LOSSES[name].partition(":")[0]


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """Name of a class in a module outside the package."""
    (tmp_path / "toy_loss_of_mine.py").write_text(
        "from espnet_kd.distill.base import DistillLoss\n"
        "class Toy(DistillLoss):\n"
        "    resources = ('recognizer', 'centroids')\n"
        "    def __init__(self, recognizer, centroids, power=2.0):\n"
        "        super().__init__()\n"
        "        if power < 0:\n"
        "            raise ValueError(f'power is {power}, not above 0')\n"
        "        self.given = recognizer, centroids, power\n"
        "    def forward(self, student, teacher, reference, lengths):\n"
        "        return student.signal.abs().pow(self.given[2]).mean(dim=1)\n"
        "not_a_class = 5\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "toy_loss_of_mine:Toy"
    sys.modules.pop("toy_loss_of_mine", None)


def test_a_class_outside_the_package(outside):
    (entry,) = read_losses({"toy": {"type": outside, "conf": {"power": 3.0}}})
    model = torch.nn.Identity()
    loss = entry.build({"recognizer": model, "centroids": "file.npz", "other": 1})
    assert loss.given == (model, "file.npz", 3.0)


def one_line(function, *arguments):
    with pytest.raises(UserError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_errors_of_build(outside):
    def build(resources, **conf):
        return read_losses({"toy": {"type": outside, "conf": conf}})[0].build(resources)

    both = {"recognizer": 1, "centroids": 2}
    assert one_line(build, {"centroids": 1}) == (
        f"kd_losses, 'toy': '{outside}' has no recognizer; give --kd_asr_config and"
        " --kd_asr_checkpoint"
    )
    assert one_line(build, {"recognizer": 1, "centroids": None}).endswith("give --kd_centroids")
    problem = one_line(lambda: build(both, power=-1.0))
    assert problem == "kd_losses, 'toy': power is -1.0, not above 0; fix its conf"
    assert "is not a DistillLoss" in one_line(find_class, "toy_loss_of_mine:not_a_class")
    # Values from the command line are not accepted in YAML.
    assert "has no argument 'recognizer'" in one_line(lambda: build(both, recognizer=1))


BAD_LOSSES = {
    "": "kd_losses: is None; give a name and settings for each loss",
    "[a]": "kd_losses: is ['a']",
    "a: ": "kd_losses, 'a': is None; give type",
    "a: output": "kd_losses, 'a': is 'output'; give type",
    "a: {weight: 1}": "kd_losses, 'a': has no 'type'",
    "a: {type: cosin}": "kd_losses: there is no type 'cosin'; nearest: cosine",
    "a: {type: 5}": "kd_losses: there is no type '5'; known: acoustic_token",
    "a: {type: 'no_such_module_here:Y'}": "No module named 'no_such_module_here'",
    "a: {type: ':Y'}": "type ':Y': Empty module name",
    "a: {type: '.x:Y'}": "type '.x:Y':",
    "a: {type: 'math:nothing'}": "type 'math:nothing': module 'math' has no attribute",
    "a: {type: 'math:pi'}": "type 'math:pi' is not a DistillLoss",
    "a: {type: output, wieght: 1}": "has an unknown key 'wieght'; nearest: weight",
    "a: {type: output, weight: -1}": "kd_losses, 'a': weight is -1; give a number, at least 0",
    "a: {type: output, weight: 1e-3}": "weight is '1e-3'",
    "a: {type: output, weight: .nan}": "weight is nan",
    "a: {type: output, weight: .inf}": "weight is inf",
    "a: {type: output, weight: true}": "weight is True",
    "a: {type: output, weight: }": "weight is None",
    "a: {type: output, categories: REAL}": "categories is 'REAL'; give a list",
    "a: {type: output, categories: [real]}": "unknown category 'real'; use SIMU, REAL, CLEAN",
    "a: {type: output, conf: [1]}": "conf is [1]; give names and values",
    "a: {type: output, conf: {x: 1}}": "'output' has no argument 'x'; leave it out",
    "a: {type: gram, taps: [x], conf: {kinds: 1}}": "has no argument 'kinds'; nearest: kind",
    "a: {type: gram}": "'gram' needs taps",
    "a: {type: output, taps: [x]}": "'output' takes no taps",
    "a: {type: gram, taps: separator.x}": "taps is 'separator.x'; give a list",
    "a: {type: gram, taps: {path: x}}": "taps is {'path': 'x'}; give a list",
    "a: {type: gram, taps: [5]}": "kd_losses, 'a', tap: is 5; give path",
    "a: {type: gram, taps: ['']}": "kd_losses, 'a', tap: path is ''; name a module",
    "a: {type: gram, taps: [{path: 5}]}": "kd_losses, 'a', tap: path is 5",
    "a: {type: gram, taps: [{path: x, sid: input}]}": "an unknown key 'sid'; nearest: side",
    "a: {type: gram, taps: [{path: x, side: in}]}": "side is 'in'; use output or input",
    "a: {type: gram, taps: [{path: x, layout: bx}]}": "layout is 'bx'; name each axis once",
    "a: {type: gram, taps: [{student: x}]}": "tap is {'student': 'x'}; give student: and teacher:",
    "a.b: {type: output}": "the name is 'a.b'; use letters, digits and _",
    "5: {type: output}": "the name is '5'",
    "supervised: {type: output}": "kd_losses, 'supervised': a loss cannot have this name",
    "loss: {type: output}": "a loss cannot have this name",
    "train: {type: output}": "a loss cannot have this name",
}


@pytest.mark.parametrize("text", BAD_LOSSES)
def test_bad_losses(text):
    assert BAD_LOSSES[text] in one_line(read_losses, yaml.safe_load(text))


def test_good_stages():
    text = """
    - {name: distill, max_epoch: 3, losses: {gram: 1, supervised: 0}}
    - {name: supervised, max_epoch: 5, losses: {supervised: 0.5}, options: {seed: 1}}
    """
    assert read_stages(yaml.safe_load(text), ["gram", SUPERVISED]) == [
        Stage("distill", 3, {"gram": 1, "supervised": 0}),
        Stage("supervised", 5, {"supervised": 0.5}, {"seed": 1}),
    ]
    assert read_stages([], []) == []


def stage(text):
    return "[{name: a, max_epoch: 1, losses: {gram: 1}, " + text + "}]"


BAD_STAGES = {
    "": "kd_stages: is None; give a list of stages",
    "{name: a}": "kd_stages: is {'name': 'a'}; give a list",
    "[abc]": "kd_stages, stage 1: is 'abc'; give name, max_epoch, losses",
    "[{name: a, max_epoch: 1}]": "stage 1: has no 'losses'",
    "[{name: a, losses: {gram: 1}}]": "stage 1: has no 'max_epoch'",
    stage("max_epoch: 0"): "stage 1: max_epoch is 0; give a number above 0",
    stage("max_epoch: 1.5"): "max_epoch is 1.5",
    stage("max_epoch: true"): "max_epoch is True",
    stage("name: 5"): "stage 1: the name is 5",
    stage("name: a/b"): "the name is 'a/b'",
    stage("losses: gram"): "losses is 'gram'; give name: weight",
    stage("losses: {}"): "losses is {}",
    stage("losses: {gramm: 1}"): "stage 1: there is no loss 'gramm'; nearest: gram",
    stage("losses: {5: 1}"): "there is no loss '5'; known: gram, supervised",
    stage("losses: {gram: -1}"): "stage 1, loss 'gram': weight is -1",
    stage("options: [1]"): "options is [1]",
    stage("epochs: 1"): "stage 1: has an unknown key 'epochs'; nearest: max_epoch",
    "[{name: a, max_epoch: 1, losses: {gram: 1}}, {name: a, max_epoch: 1, losses: {gram: 1}}]": (
        "kd_stages: two stages have the same name"
    ),
}


@pytest.mark.parametrize("text", BAD_STAGES)
def test_bad_stages(text):
    stages = yaml.safe_load(text)
    assert BAD_STAGES[text] in one_line(read_stages, stages, ["gram", SUPERVISED])
