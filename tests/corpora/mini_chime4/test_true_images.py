import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set, training_set
from espnet_kd.corpora.mini_chime4.true_images import choose, existing_images, image_paths
from espnet_kd.errors import UserError

TRACK = "isolated_1ch_track"


def test_image_and_mixture_are_of_the_same_channel(nano):
    tree = Chime4Tree(nano.request.out)
    paths = image_paths(nano.truth, tree, f"et05_real_{TRACK}")
    utterances = list(track_set(tree, "et05", "real"))
    assert paths.keys() == {u.id for u in utterances} and len(paths) == 4
    for utterance in utterances:
        image = paths[utterance.id]
        recorded = nano.audio / "isolated" / image.relative_to(nano.truth)
        mixture, _ = soundfile.read(utterance.wav)
        np.testing.assert_array_equal(mixture, soundfile.read(recorded)[0])
        assert len(soundfile.read(image)[0]) == len(mixture)


def test_training_utterances_name_their_channel(nano):
    tree = Chime4Tree(nano.request.out)
    paths = image_paths(nano.truth, tree, f"tr05_real_{TRACK}")
    for utterance in training_set(tree, "real", [3]):
        assert paths[utterance.id].name == utterance.wav.name
        assert paths[utterance.id].parent.name == utterance.wav.parent.name
    assert existing_images(paths, paths) == paths and len(paths) == 48


def test_a_subset_is_reproducible_and_covers_all_environments():
    ids = [f"F0{s}_022C01{n:02d}_{e}" for s in (2, 3) for n in range(32) for e in "BCPS"]
    part = choose(ids, 64)
    assert part == choose(ids[::-1], 64) and len(set(part)) == 64
    for letter in "BCPS":
        assert sum(name.endswith(letter) for name in part) >= 8
    assert sorted(choose(ids, 1000)) == sorted(ids)


@pytest.mark.parametrize("name", [f"dt05_simu_{TRACK}", "dt05_bth", "real"])
def test_only_real_sets_have_images(nano, name):
    with pytest.raises(UserError, match=f"^{name}: is not a real set"):
        image_paths(nano.truth, Chime4Tree(nano.request.out), name)
