"""Write RESULTS.md, a page with all results of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_text
from espnet_kd.report.comparison import Comparison, comparison_table, in_words
from espnet_kd.report.environment import corpus_line, environment_block
from espnet_kd.report.figures import save_sdr_figure
from espnet_kd.report.gate_section import gate_section
from espnet_kd.report.markdown import in_order, set_title, system_title
from espnet_kd.report.model_table import NamedConfig, TrainedModel, model_table
from espnet_kd.report.observation_table import observation_table
from espnet_kd.report.pseudo_table import pseudo_table
from espnet_kd.report.published import ti_kd_table_1
from espnet_kd.report.se_tables import (
    NOISY_PAIRS,
    SeResults,
    load_se_results,
    scores_of,
    se_comparisons,
    se_table,
    undefined_scores,
)
from espnet_kd.report.set_names import SetNames
from espnet_kd.report.training_table import (
    dropped_note,
    not_converged,
    training_set_of,
    training_table,
)
from espnet_kd.report.wer_tables import (
    load_wer_results,
    sclite_rows,
    wer_comparisons,
    wer_table,
)
from espnet_kd.report.wording import ASR_TITLES, CLEAN_NOTE, CONTROLS_NOTE, DECODERS, OA_NOTE
from espnet_kd.scoring.bootstrap import REPLICATES, SEED

PAPER_METRICS, MORE_METRICS = ("pesq_raw", "sdr"), ("pesq", "stoi", "si_snr")
FIGURE_SYSTEMS = ("noisy", "baseline", "teacher", "student")


@dataclass(frozen=True)
class Sources:
    """Where to find the results, and what to show.

    Attributes:
        se_root: directory with `<system>/<set>/scores.tsv`.
        wer_root: directory with `<asr>/<system>/<set>/{wer,cer}/counts.tsv`.
        sets: sets to report.
        truth_root: like `se_root`, for the scores of real sets against their true images, which
            only a generated corpus has.
        pseudo: directories of pseudo-references.
        gate: `gate.tsv` of the pseudo-references of `sets.train_real`.
        models: models to measure.
        other_models: models whose parameters are counted.
        model_set: set directory to measure `models` on.
        published: whether to show the numbers of the paper as well.
        corpus: root of the corpus.
        trainings: `config.yaml` of each training.
        observation_root: directory with `<asr>/<system>/<weight>/<set>/wer/counts.tsv`, from which
            the weights of observation adding were chosen.
        decoder: key of DECODERS.
        commands: command lines that produced the results.
    """

    se_root: str
    wer_root: str
    sets: SetNames
    truth_root: str | None = None
    pseudo: Sequence[str] = ()
    gate: str | None = None
    models: Sequence[TrainedModel] = ()
    other_models: Sequence[NamedConfig] = ()
    model_set: str = ""
    published: bool = False
    corpus: str | None = None
    trainings: Sequence[str] = ()
    commands: Sequence[str] = ()
    observation_root: str | None = None
    decoder: str = "joint"


def write_results(sources: Sources, out: str | os.PathLike) -> None:
    """Write the page and, in the same directory, its figure `sdr_distribution.png`.

    Missing scores are gaps in the tables.

    Raises:
        UserError: nothing was scored.
    """
    out = Path(out)
    se = load_se_results(sources.se_root)
    recognition = [section for asr in ASR_TITLES for section in _wer_sections(sources, asr)]
    if not se and not recognition:
        raise UserError(
            sources.se_root, f"holds no scores, nor does {sources.wer_root}", "score the sets"
        )
    sections = ["# RESULTS", _environment(sources)]
    if se:
        sections += [*_se_sections(se, sources), *_figure(se, sources.sets.simu, out.parent)]
    truth = load_se_results(sources.truth_root) if sources.truth_root else {}
    if truth:
        sections += _truth_sections(truth, sources.sets)
    sections += [*recognition, *_observation_sections(sources)]
    if sources.trainings:
        sections += ["## Trainings", _trainings(sources.trainings)]
    if sources.pseudo:
        sections += ["## Pseudo-references", pseudo_table(sources.pseudo)]
    if sources.gate:
        scores = truth.get(sources.sets.train_real, {}).get("pseudo_reference", {})
        sections += gate_section(Path(sources.gate), scores, out.parent)
    if sources.models or sources.other_models:
        sections += [
            "## Models",
            model_table(sources.models, sources.model_set, sources.other_models),
        ]
    if sources.commands:
        sections += ["## Commands", "```\n" + "\n".join(sources.commands) + "\n```"]
    write_text(out, "\n\n".join(sections) + "\n")


def _environment(sources: Sources) -> str:
    block = environment_block() + corpus_line(sources.corpus)
    return (
        f"## Environments\n{block}\n\n"
        "Brackets show 95 % bootstrap intervals over utterances (Bisani and Ney 2004, "
        f"{REPLICATES} replicates, seed {SEED}); differences are paired. The intervals hold for "
        "these speakers and this one training run. A difference is called better or worse if its "
        "interval excludes 0, without a correction for multiple comparisons. A dash means that "
        "there is no score."
    )


def _se_sections(se: SeResults, sources: Sources) -> list[str]:
    simu, real = sources.sets.simu, sources.sets.real
    published = ti_kd_table_1(simu) if sources.published else None
    return [
        "## Table 1: speech enhancement",
        "Scores are means over utterances. PESQ is narrow-band (ITU-T P.862), on the raw "
        "scale, as in ESPnet's CHiME-4 tables; PESQ-WB is wide-band (P.862.2), ESPnet's "
        "current default at 16 kHz. Real recordings have no reference, so they are evaluated by "
        "recognition only.",
        CONTROLS_NOTE,
        se_table(se, (*simu, *real), PAPER_METRICS, published, without_reference=(*simu, *real)),
        se_table(se, simu, MORE_METRICS, without_reference=simu),
        *undefined_scores(se, (*simu, *real), (*PAPER_METRICS, *MORE_METRICS)),
        *_in_words(
            se_comparisons(se, simu, (*PAPER_METRICS, *MORE_METRICS)),
            se_comparisons(se, simu, ("si_snr",), NOISY_PAIRS),
        ),
    ]


def _truth_sections(truth: SeResults, names: SetNames) -> list[str]:
    sets, metrics = (*names.real, names.train_real), (*PAPER_METRICS, "si_snr")
    sizes = (f"{set_title(s)} {len(next(iter(truth[s].values())))}" for s in sets if s in truth)
    # Two tables, since the systems differ and training and test sets should be kept separate.
    tables = (
        se_table(truth, part, metrics)
        for part in (names.real, (names.train_real,))
        if not truth.keys().isdisjoint(part)
    )
    return [
        "## Real sets against their true images (research only)",
        "The corpus was generated, so the true image of the talker in each real recording is "
        "known. **These images were not used for training or model selection,** only for this "
        "section. A recorded corpus, such as the real CHiME-4, does not have such images, so this "
        "table cannot be made for it.",
        f"Utterances scored: {', '.join(sizes)}.",
        *tables,
        *undefined_scores(truth, sets, metrics),
        *_in_words(
            se_comparisons(truth, names.real, metrics),
            se_comparisons(truth, sets, ("si_snr",), NOISY_PAIRS),
        ),
    ]


def _in_words(*groups: list[Comparison]) -> list[str]:
    groups = tuple(filter(None, groups))
    if not groups:
        return []
    return ["### Summary", in_words(sum(groups, [])), *map(comparison_table, groups)]


def _figure(se: SeResults, simu_sets: Sequence[str], directory: Path) -> list[str]:
    sets = {
        set_title(name): {
            system_title(system): scores_of(se[name][system], "sdr")
            for system in in_order(se[name])
            if system in FIGURE_SYSTEMS
        }
        for name in simu_sets
        if name in se
    }
    if not any(sets.values()):
        return []
    save_sdr_figure(directory / "sdr_distribution.png", sets)
    return ["## Figure 3: SDR distribution", "![SDR distribution](sdr_distribution.png)"]


def _wer_sections(sources: Sources, asr: str) -> list[str]:
    words = load_wer_results(sources.wer_root, asr)
    if not words:
        return []
    learned = training_set_of(asr, sources.trainings)
    characters = load_wer_results(sources.wer_root, asr, "cer")
    booth = [name for name in sources.sets.clean if name in words and name.endswith("_bth")]
    return [
        f"## {ASR_TITLES[asr]}",
        " ".join([DECODERS[sources.decoder], *([f"Trained on `{learned}`."] if learned else [])]),
        *([OA_NOTE] if any(system.endswith("_oa") for s in words.values() for system in s) else []),
        *([CLEAN_NOTE] if booth else []),
        wer_table(words, sources.sets),
        *_in_words(wer_comparisons(words, sources.sets.noisy)),
        "### WER",
        sclite_rows(words),
        "### CER",
        sclite_rows(characters),
    ]


def _observation_sections(sources: Sources) -> list[str]:
    root = Path(sources.observation_root) if sources.observation_root else None
    found = [asr for asr in ASR_TITLES if root is not None and (root / asr).is_dir()]
    if not found:
        return []
    development = [*sources.sets.simu[:1], *sources.sets.real[:1]]
    sections = [
        "## Weights of observation adding",
        "Error rates (%) on the development sets by greedy CTC decoding, which is fast but weak. "
        "Weight 0 is noisy speech, 1 is enhanced speech; with snrS, an utterance has weight "
        "1 / (1 + 10^((SNR - S) / 20)), where its SNR in dB is estimated from enhanced and noisy "
        "speech. The weight in bold has the lowest CER over both sets and was used in the rows "
        "`+ OA`, also on the test sets.",
    ]
    for asr in found:
        title = ASR_TITLES[asr].partition("with the ")[2]
        sections += [f"### {title}", observation_table(root / asr, development)]
    return sections


def _trainings(configs: Sequence[str]) -> str:
    early = not_converged(configs)
    verdict = (
        "All trainings converged."
        if not early
        else (
            f"**Stopped while still improving: {', '.join(early)}.** More epochs would change the "
            "results of these; see `max_epoch` in their YAML."
        )
    )
    verdict = " ".join([verdict, *dropped_note(configs)])
    return (
        f"{training_table(configs)}\n\n{verdict} A training is called converged if its last fifth "
        "(the number of epochs in parentheses) improved the best value of its validation measure "
        "by at most 0.5 % of that value."
    )
