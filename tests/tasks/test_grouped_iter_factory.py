"""Sending utterances in groups keeps ESPnet's batches and their order, with and without workers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from espnet2.iterators.chunk_iter_factory import ChunkIterFactory
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from espnet2.train.collate_fn import CommonCollateFn
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.grouped_iter_factory import GROUP, GroupedIterFactory, pack, unpack

from ..tiny_models import STUDENT
from .tiny_training import command, write_tiny_set

UTTERANCES = 2 * GROUP + 3


class Dataset:
    """Utterances, each one sample longer than the one before; every third has no reference."""

    def __getitem__(self, name):
        number = int(name[1:])
        wave = np.arange(30 + number, dtype=np.float32) + number / 100
        sample = {"speech_mix": wave, "utt2category": np.array([number % 2], dtype=np.int64)}
        if number % 3:
            sample["speech_ref1"] = -wave
        return name, sample


def singles(num_workers=0, **options):
    return SequenceIterFactory(
        dataset=Dataset(),
        batches=[[f"u{number}"] for number in range(UTTERANCES)],
        seed=3,
        shuffle=True,
        num_workers=num_workers,
        collate_fn=CommonCollateFn(float_pad_value=0.0, int_pad_value=0),
        **options,
    )


def assert_same(found, expected):
    count = 0
    for (names, batch), (other_names, other) in itertools.zip_longest(found, expected):
        assert names == other_names
        assert list(batch) == list(other)
        torch.testing.assert_close(batch, other, rtol=0, atol=0)
        count += 1
    return count


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("shuffle", [None, False])
def test_same_batches_as_espnet(num_workers, shuffle):
    grouped = GroupedIterFactory(singles(num_workers))
    for epoch in (1, 2):
        expected = singles().build_iter(epoch, shuffle)
        assert assert_same(grouped.build_iter(epoch, shuffle), expected) == UTTERANCES


def test_part_of_an_epoch():
    options = {"num_iters_per_epoch": GROUP + 1}
    expected = singles(**options).build_iter(2)
    assert assert_same(GroupedIterFactory(singles(**options)).build_iter(2), expected) == GROUP + 1


def test_same_chunks_as_espnet():
    def chunks(change):
        factory = ChunkIterFactory(
            dataset=Dataset(),
            batches=[[f"u{number}"] for number in range(0, UTTERANCES, 3)],
            batch_size=2,
            chunk_length=16,
            num_cache_chunks=4,
            shuffle=True,
            collate_fn=CommonCollateFn(),
        )
        if change:
            factory.per_sample_iter_factory = GroupedIterFactory(factory.per_sample_iter_factory)
        return factory.build_iter(1)

    assert assert_same(chunks(True), chunks(False)) > 10


def test_a_group_has_one_tensor_per_data_type():
    batches = list(itertools.islice(singles().build_iter(1, False), GROUP))
    packed = pack(batches)
    assert sorted(map(str, packed.tensors)) == ["torch.float32", "torch.int64"]
    assert_same(unpack(packed), batches)


def test_a_kept_utterance_does_not_keep_its_group():
    for _, batch in unpack(pack(list(itertools.islice(singles().build_iter(1), GROUP)))):
        for tensor in batch.values():
            assert tensor.untyped_storage().nbytes() == tensor.nbytes


def test_the_task_reads_in_groups(tmp_path):
    cmd = command(write_tiny_set(tmp_path / "set", "SS"), tmp_path / "exp", STUDENT)
    options = "--iterator_type chunk --chunk_length 1000 --batch_size 1"
    options += " --chunk_excluded_key_prefixes text align"
    args = parse_with_base(EnhKDTask.get_parser, [*cmd, *options.split()])
    args.distributed = False
    factory = EnhKDTask.build_iter_factory(args, DistributedOption(), "train")
    assert isinstance(factory.per_sample_iter_factory, GroupedIterFactory)
    (names, batch), *_ = factory.build_iter(1)
    assert len(names) == 1
    assert batch["speech_mix"].shape == (1, 1000)
