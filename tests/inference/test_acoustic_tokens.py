"""Clustering a recognizer's latents, and the command that writes the centroids."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.bin import acoustic_tokens
from espnet_kd.checkpoint import sha256
from espnet_kd.data.waves import read_wave
from espnet_kd.distill.centroids import read_centroids
from espnet_kd.enh.recognizer import LAST, Recognizer
from espnet_kd.errors import UserError
from espnet_kd.inference.acoustic_tokens import (
    Clustering,
    choose_utterances,
    cluster,
    encode_set,
)
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model

CENTERS = np.array([[0.0, 10.0], [10.0, 0.0], [-10.0, -10.0]])


def frames(count: int = 600, seed: int = 0) -> np.ndarray:
    """Return frames around three centers in turn."""
    spread = np.random.default_rng(seed).standard_normal((count, 2))
    return (CENTERS[np.arange(count) % 3] + spread).astype(np.float32)


def test_clusters_are_found():
    result = cluster([frames(300), frames(300, seed=1)], 3, seed=0)
    order = [np.square(result.vectors - center).sum(axis=1).argmin() for center in CENTERS]
    np.testing.assert_allclose(result.vectors[order], CENTERS, atol=0.3)
    assert result.frames == 600 and result.vectors.dtype == np.float32
    assert result.counts.tolist() == [200, 200, 200]
    assert result.inertia == pytest.approx(2.0, rel=0.15)  # the variance of both axes


def test_a_seed_fixes_the_centroids():
    one, same, other = (cluster([frames()], 5, seed).vectors for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("batches", [[frames(9)], [frames(4), frames(5)], []])
def test_fewer_frames_than_clusters(batches):
    count = 9 if batches else 0
    with pytest.raises(UserError, match=f"--clusters: is 10, but there are {count} frames; give"):
        cluster(batches, 10, seed=0)


def test_perplexity_and_empty_clusters():
    even = Clustering(np.zeros((3, 2)), 8, 0.0, np.array([4, 0, 4]))
    assert even.perplexity == pytest.approx(2.0) and even.empty == 1
    uneven = Clustering(np.zeros((2, 2)), 4, 0.0, np.array([3, 1]))
    assert uneven.perplexity == pytest.approx(4 / 27**0.25) and uneven.empty == 0


def test_choice_of_utterances(make_set):
    utterances = read_utterances(make_set())
    assert choose_utterances(utterances, None, 0) == utterances
    assert choose_utterances(utterances, 9, 0) == utterances
    drawn = [choose_utterances(utterances, 2, seed) for seed in (0, 0, *range(1, 9))]
    assert drawn[0] == drawn[1] and all(len(set(choice)) == 2 for choice in drawn)
    assert len({frozenset(choice) for choice in drawn}) > 1


def test_latents_of_a_set_equal_those_of_single_utterances(make_set, recognizer_files):
    recognizer = Recognizer(load_asr_model(*recognizer_files)[0])
    utterances = read_utterances(make_set())
    latents = np.concatenate(list(encode_set(recognizer, 0, utterances)))
    expected = []
    for utt in sorted(utterances, key=lambda utt: (-utt.num_samples, utt.name)):
        wave = torch.from_numpy(read_wave(utt.wave, utt.num_samples))[None]
        with torch.no_grad():
            expected.append(recognizer.encode(wave, torch.tensor([wave.size(1)]), 0)[0][0])
    np.testing.assert_allclose(latents, torch.cat(expected).numpy(), atol=1e-5)


def options(files, *more) -> list[str]:
    return [f"--config={files[0]}", f"--checkpoint={files[1]}", *map(str, more)]


@pytest.mark.parametrize(("layer", "nj"), [(LAST, 1), (0, 2)])
def test_the_command(make_set, recognizer_files, tmp_path, capsys, layer, nj):
    out = tmp_path / "tokens.npz"
    acoustic_tokens.main(
        options(
            recognizer_files,
            "--sets",
            make_set("one", {"F01_a": 8000, "F01_b": 8000}),
            make_set("two", {"F02_a": 12000}),
            "--clusters=4",
            f"--layer={layer}",
            f"--nj={nj}",
            f"--out={out}",
        )
    )
    tokens = read_centroids(out)
    assert tokens.vectors.shape == (4, 16) and tokens.layer == layer
    assert tokens.checksum == sha256(recognizer_files[1])
    printed = capsys.readouterr().out
    assert printed.startswith(f"{out}: 3 utterances, ") and printed.count("\n") == 1
    assert "4 tokens with a perplexity of" in printed and "0 empty" in printed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["--clusters=1"], "--clusters: is 1; give 2 or more"),
        (["--max_utterances=0"], "--max_utterances: is 0; give 1 or more"),
        (["--clusters=5000"], "--clusters: is 5000, but there are"),
        (["--layer=7"], "--layer: layer is 7, but the encoder has 1 numbered blocks"),
        (["--out=tokens"], "tokens: does not end with .npz"),
    ],
)
def test_bad_options(make_set, recognizer_files, tmp_path, changes, expected):
    arguments = options(recognizer_files, "--sets", make_set(), f"--out={tmp_path / 'x.npz'}")
    with pytest.raises(SystemExit) as stop:
        acoustic_tokens.main([*arguments, *changes])
    assert str(stop.value).startswith(f"error: {expected}") and "\n" not in str(stop.value)
    assert not (tmp_path / "x.npz").exists()
