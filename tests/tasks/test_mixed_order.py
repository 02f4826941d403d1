"""The batches of a category do not follow each other in a block."""

from __future__ import annotations

from itertools import groupby

from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.mixed_order import MixedOrderIterFactory

from ..tiny_models import STUDENT
from .tiny_training import command, without_text, write_tiny_set


class Blocks:
    """A factory of 40 batches of one category, then 20 of another."""

    def build_iter(self, epoch: int, shuffle: bool | None = None):
        return iter([*range(40), *range(100, 120)])


def longest_run(batches) -> int:
    return max(len(list(group)) for _, group in groupby(batches, key=lambda number: number >= 100))


def test_the_same_batches_in_another_order():
    factory = MixedOrderIterFactory(Blocks(), seed=3)
    first, again, second = (list(factory.build_iter(epoch)) for epoch in (1, 1, 2))
    assert sorted(first) == list(Blocks().build_iter(1))
    assert first == again and first != second
    assert longest_run(first) < 20 < longest_run(Blocks().build_iter(1))


def test_few_batches_are_held():
    taken = 0

    class Counting(Blocks):
        def build_iter(self, epoch, shuffle=None):
            nonlocal taken
            for batch in super().build_iter(epoch):
                taken += 1
                yield batch

    batches = MixedOrderIterFactory(Counting(), seed=0, held=5).build_iter(1)
    for given, _ in enumerate(batches, 1):
        assert taken - given <= 5


def training(tmp_path, kinds, **changes):
    config = {
        **STUDENT,
        "iterator_type": "chunk",
        "chunk_length": 500,
        "batch_size": 4,
        "valid_iterator_type": "sequence",
        "valid_batch_type": "folded",
        **changes,
    }
    cmd = command(write_tiny_set(tmp_path / kinds, kinds), tmp_path / f"exp_{kinds}", config)
    return without_text(cmd)


def test_a_training_on_two_categories_uses_it_for_training_only(tmp_path, monkeypatch):
    built = []
    init = MixedOrderIterFactory.__init__

    def spy(self, *args, **kwargs):
        built.append(args)
        init(self, *args, **kwargs)

    monkeypatch.setattr(MixedOrderIterFactory, "__init__", spy)
    EnhKDTask.main(cmd=training(tmp_path, "SS", max_epoch=1))
    assert not built, "one category: ESPnet's order"
    sets = write_tiny_set(tmp_path / "both", "SSRR")
    spk1 = (sets / "spk1.scp").read_text().replace(" -", f" {sets}/spk/u0_SIMU.wav")
    (sets / "spk1.scp").write_text(spk1)
    cmd = training(tmp_path, "SSRR", max_epoch=1, valid_iterator_type="chunk")
    cmd = [word.replace(str(tmp_path / "SSRR"), str(sets)) for word in cmd]
    EnhKDTask.main(cmd=cmd)
    assert len(built) == 1
