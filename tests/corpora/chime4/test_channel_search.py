from __future__ import annotations

from dataclasses import replace

from espnet_kd.corpora.chime4.channel_search import with_channels
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set


def test_known_channels_stay_and_unknown_ones_are_found_by_samples(embedded):
    tree = Chime4Tree(embedded.root)
    known = list(track_set(tree, "dt05", "simu"))
    folders = [tree.audio / f"isolated/dt05_{u.environment.lower()}_simu" for u in known]
    unknown = [known[0], *(replace(u, channel=None) for u in known[1:])]
    assert with_channels(unknown, folders, 1, "") == known
    assert with_channels([replace(known[0], channel=3)], folders[:1], 1, "")[0].channel == 3


def test_the_channel_stays_unknown_if_no_recording_matches(embedded):
    tree = Chime4Tree(embedded.root)
    one = replace(next(track_set(tree, "dt05", "simu")), channel=None)
    folder = tree.audio / "isolated/dt05_caf_simu"
    assert with_channels([one], [folder], 1, "")[0].channel is None
