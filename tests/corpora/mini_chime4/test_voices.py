from espnet_kd.corpora.mini_chime4.voices import REAL_SPEAKERS, is_female, simu_speakers, speaker

EVERYONE = [name for names in REAL_SPEAKERS.values() for name in names]


def test_there_are_at_least_32_different_speakers():
    voices = {speaker(name, 0) for name in [*EVERYONE, *simu_speakers(83)]}
    assert len(voices) == 95
    assert len({s.voice for s in voices}) >= 32


def test_no_other_speaker_has_the_voice_of_a_real_one():
    real = [speaker(name, 0).voice.split("+")[1] for name in EVERYONE]
    simu = {speaker(name, 0).voice.split("+")[1] for name in simu_speakers(83)}
    assert len(set(real)) == 12
    assert not set(real) & simu


def test_sexes_are_balanced():
    assert sum(is_female(name) for name in EVERYONE) == 6
    assert sum(is_female(name) for name in simu_speakers(20)) == 10
