"""The plan of a corpus, made before any audio: who reads what, where and when."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from espnet_kd.corpora.mini_chime4.scales import Scale
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.sentences import distinct_sentences, wsj_dot
from espnet_kd.corpora.mini_chime4.voices import REAL_SPEAKERS, simu_speakers

ENVIRONMENTS = ("BUS", "CAF", "PED", "STR")
SETS = ("tr05", "dt05", "et05")
_SESSION_PROMPTS = 30  # limits the memory needed for one recording session
_PER_SCREEN = 35
_DIGITS = "123456789abcdefghijklmnopqrstuvwxyz".upper()


@dataclass(frozen=True)
class Prompt:
    """A sentence to read: WSJ id, spoken words, and the words with WSJ's marks."""

    wsj_name: str
    words: str
    dot: str


@dataclass(frozen=True)
class Utterance:
    """A prompt read by one speaker in one environment (BTH: booth, ORG: WSJ0)."""

    speaker: str
    prompt: Prompt
    environment: str

    @property
    def name(self) -> str:
        return f"{self.speaker}_{self.prompt.wsj_name}_{self.environment}"


@dataclass(frozen=True)
class Session:
    """One continuous recording: its name ("F01_141106_010_BUS") and the utterances in it."""

    name: str
    subset: str
    utterances: tuple[Utterance, ...]

    @property
    def speaker(self) -> str:
        return self.utterances[0].speaker

    @property
    def environment(self) -> str:
        return self.utterances[0].environment


@dataclass(frozen=True)
class Plan:
    """Everything in a corpus.

    Attributes:
        backgrounds: names of the background sessions; each name ends in the environment.
        real: recordings in the four environments, of all sets.
        booth: recordings in the booth, of all sets.
        simu: utterances of tr05_simu.
    """

    backgrounds: tuple[str, ...]
    real: tuple[Session, ...]
    booth: tuple[Session, ...]
    simu: tuple[Utterance, ...]

    def named(self, name: str) -> Session:
        """Return the session with this name."""
        return next(s for s in (*self.real, *self.booth) if s.name == name)


def make_plan(scale: Scale, seed: int) -> Plan:
    """Plan a corpus in which no two prompts have the same sentence."""
    rng = generator(seed, "sentences")
    counts = {"et05": scale.test, "dt05": scale.dev, "tr05": scale.real}
    sentences = iter(distinct_sentences(rng, sum(counts.values()) + scale.simu))
    real: list[Session] = []
    booth: list[Session] = []
    codes = {"tr05": 22, "dt05": 50, "et05": 440}
    for subset, count in counts.items():
        speakers = REAL_SPEAKERS[subset]
        for index, name in enumerate(speakers):
            share = _share(count, len(speakers), index)
            code = f"{codes[subset] + index:03d}"
            prompts = [_prompt(seed, code, k, next(sentences)) for k in range(share)]
            for environment in ENVIRONMENTS:
                real += _sessions(subset, name, prompts, environment)
            booth += _sessions(subset, name, prompts, "BTH")
    return Plan(
        backgrounds=tuple(
            f"BGD_150203_{10 * (k + 1):03d}_{ENVIRONMENTS[k % 4]}" for k in range(scale.backgrounds)
        ),
        real=tuple(real),
        booth=tuple(booth),
        simu=tuple(_simulated(seed, scale, sentences)),
    )


def _simulated(seed: int, scale: Scale, sentences: Iterator[str]) -> Iterator[Utterance]:
    rng = generator(seed, "environments of tr05_simu")
    for index, name in enumerate(simu_speakers(scale.simu_speakers)):
        for k in range(_share(scale.simu, scale.simu_speakers, index)):
            place = ENVIRONMENTS[rng.integers(len(ENVIRONMENTS))]
            yield Utterance(name, _prompt(seed, name, k, next(sentences)), place)


def _share(count: int, people: int, index: int) -> int:
    return count // people + (index < count % people)


def _prompt(seed: int, code: str, index: int, words: str) -> Prompt:
    name = f"{code}C{1 + index // _PER_SCREEN:02d}0{_DIGITS[index % _PER_SCREEN]}"
    return Prompt(name, words, wsj_dot(generator(seed, "dot", name), words))


def _sessions(
    subset: str, speaker: str, prompts: list[Prompt], environment: str
) -> Iterator[Session]:
    # Session names of CHiME-3 contain the day; here it is derived from the speaker's name.
    day = 141101 + zlib.crc32(speaker.encode()) % 28
    first = 10 * (1 + (*ENVIRONMENTS, "BTH").index(environment))
    for part, start in enumerate(range(0, len(prompts), _SESSION_PROMPTS)):
        number = first + part // 10 * 100 + part % 10
        chunk = prompts[start : start + _SESSION_PROMPTS]
        yield Session(
            f"{speaker}_{day}_{number:03d}_{environment}",
            subset,
            tuple(Utterance(speaker, prompt, environment) for prompt in chunk),
        )
