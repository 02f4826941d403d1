import re
from collections import Counter

import numpy as np

from espnet_kd.corpora.mini_chime4.sentences import distinct_sentences, vocabulary, wsj_dot


def test_every_word_occurs_often_enough():
    sentences = distinct_sentences(np.random.default_rng(0), 1000)
    counts = Counter(word for sentence in sentences for word in sentence.split())
    assert set(counts) == vocabulary()
    assert 150 <= len(counts) <= 250
    assert min(counts.values()) >= 10
    assert len(set(sentences)) == 1000


def test_there_are_enough_sentences_for_the_large_scale():
    sentences = distinct_sentences(np.random.default_rng(0), 8300)
    lengths = [len(sentence.split()) for sentence in sentences]
    assert min(lengths) >= 4 and max(lengths) <= 10
    assert 6 < np.mean(lengths) < 8


def test_removing_the_marks_restores_the_words():
    rng = np.random.default_rng(0)
    marks = Counter()
    for sentence in distinct_sentences(rng, 600):
        dot = wsj_dot(rng, sentence)
        kept = [t for t in dot.split() if not re.fullmatch(r"\[<\w+\]|\[\w+>\]|~|\.", t)]
        marks.update(set(dot.split()) - set(kept) | {t[0] for t in kept if t[0] in "%.<"})
        words = " ".join(kept).replace("%PERCENT", "PERCENT").replace(".POINT", "POINT")
        assert re.sub(r"<(\w+)>", r"\1", words) == sentence
    assert set(marks) == {"[<door_slam]", "[door_slam>]", "~", ".", "%", "<"}
