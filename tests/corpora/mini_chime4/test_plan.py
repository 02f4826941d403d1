from espnet_kd.corpora.mini_chime4.plan import make_plan
from espnet_kd.corpora.mini_chime4.scales import SCALES


def test_the_large_scale_has_chime4_s_counts():
    plan = make_plan(SCALES["large"], 0)
    reads = {
        subset: sum(len(s.utterances) for s in plan.real if s.subset == subset)
        for subset in ("tr05", "dt05", "et05")
    }
    assert reads == {"tr05": 1600, "dt05": 1640, "et05": 1320}
    assert sum(len(s.utterances) for s in plan.booth) == 400 + 410 + 330
    assert len(plan.simu) == 7138 and len({u.speaker for u in plan.simu}) == 83
    assert len(plan.backgrounds) == 17


def test_names_are_unique_and_a_name_keeps_its_sentence():
    plan = make_plan(SCALES["large"], 0)
    sessions = [*plan.real, *plan.booth]
    assert len({s.name for s in sessions}) == len(sessions)
    utterances = [u for s in sessions for u in s.utterances] + list(plan.simu)
    assert len({u.name for u in utterances}) == len(utterances)
    sentences = {u.prompt.wsj_name: u.prompt.words for u in utterances}
    assert len(set(sentences.values())) == len(sentences)
    assert all(sentences[u.prompt.wsj_name] == u.prompt.words for u in utterances)


def test_each_prompt_is_read_in_the_four_environments_and_the_booth_by_one_speaker():
    plan = make_plan(SCALES["tiny"], 0)
    heard: dict[str, set[tuple[str, str]]] = {}
    for session in (*plan.real, *plan.booth):
        for u in session.utterances:
            heard.setdefault(u.prompt.wsj_name, set()).add((u.speaker, u.environment))
    for places in heard.values():
        assert len({speaker for speaker, _ in places}) == 1
        assert {place for _, place in places} == {"BUS", "CAF", "PED", "STR", "BTH"}
