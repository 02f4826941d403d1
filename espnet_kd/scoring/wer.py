"""Score the recognized text of sets, and write and read files of error counts."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_lines, write_text
from espnet_kd.scoring.align import Counts, count_errors
from espnet_kd.scoring.sclite_table import Row, sclite_table
from espnet_kd.scoring.trn import character_tokens, word_tokens, write_trn

COUNTS_FILE = "counts.tsv"
HEADER = ("utt", *Counts._fields)
TOKENIZERS = {"wer": word_tokens, "cer": character_tokens}


def score_set(
    hypothesis: str | os.PathLike,
    set_dir: str | os.PathLike,
    out_dir: str | os.PathLike,
    removed: Collection[str] = (),
) -> dict[str, Row]:
    """Score recognized text and write `{wer,cer}/{ref.trn,hyp.trn,result.txt,counts.tsv}`.

    Args:
        hypothesis: file of lines `<utt> WORDS`; a line may have no words, but every utterance of
            the set must have a line.
        set_dir: set directory with `text` and `utt2spk`.
        out_dir: directory to write the scores to.
        removed: words to ignore in reference and hypothesis (ESPnet's non-linguistic symbols).

    Returns:
        The summed errors, by `wer` and `cer`.

    Raises:
        UserError: utterance IDs differ, a reference is empty, or a file cannot be read.
    """
    set_dir, out_dir = Path(set_dir), Path(out_dir)
    given = read_columns(hypothesis)
    wanted = read_columns(set_dir / "text")
    utt2spk = read_columns(set_dir / "utt2spk")
    _check(hypothesis, given, set_dir / "text", wanted, utt2spk)
    rows = {}
    for name, tokenize in TOKENIZERS.items():
        references = {utt: tokenize(text, removed) for utt, text in wanted.items()}
        hypotheses = {utt: tokenize(given[utt], removed) for utt in wanted}
        # sclite ignores case.
        counts = {
            utt: count_errors(*map(_lower, (references[utt], hypotheses[utt]))) for utt in wanted
        }
        write_trn(out_dir / name / "ref.trn", references, utt2spk)
        write_trn(out_dir / name / "hyp.trn", hypotheses, utt2spk)
        write_text(out_dir / name / "result.txt", _result(set_dir.name, counts, utt2spk))
        write_lines(
            out_dir / name / COUNTS_FILE,
            ["\t".join(HEADER), *("\t".join(map(str, (u, *c))) for u, c in counts.items())],
        )
        rows[name] = Row.of(counts.values())
    return rows


def read_counts(path: str | os.PathLike) -> dict[str, Counts]:
    """Read a `counts.tsv`: utterance ID -> counts.

    Raises:
        UserError: the file does not have this format.
    """
    header, *rows = Path(path).read_text(encoding="utf-8").splitlines() or [""]
    if tuple(header.split("\t")) != HEADER:
        raise UserError(path, f"has the header '{header}'", "score the set again")
    counts = {}
    for number, row in enumerate(rows, 2):
        utterance, *values = row.split("\t")
        if len(values) != len(Counts._fields) or not all(map(str.isdecimal, values)):
            raise UserError(path, f"line {number} is '{row}'", "score the set again")
        counts[utterance] = Counts(*map(int, values))
    return counts


def _lower(tokens: Iterable[str]) -> list[str]:
    return [token.lower() for token in tokens]


def _result(title: str, counts: Mapping[str, Counts], utt2spk: Mapping[str, str]) -> str:
    by_speaker = groupby(sorted(counts, key=utt2spk.__getitem__), key=utt2spk.__getitem__)
    speakers = {spk: Row.of(counts[utt] for utt in utts) for spk, utts in by_speaker}
    return sclite_table(title, speakers) + "\n"


def _check(
    hypothesis: str | os.PathLike,
    given: Mapping[str, str],
    reference: Path,
    wanted: Mapping[str, str],
    utt2spk: Mapping[str, str],
) -> None:
    if not wanted:
        raise UserError(reference, "is empty", "run the data stage again")
    empty = next((utt for utt, text in wanted.items() if not text), None)
    if empty is not None:
        raise UserError(reference, f"'{empty}' has no words", "add its transcript")
    missing = next((utt for utt in wanted if utt not in given), None)
    if missing is not None:
        raise UserError(
            hypothesis, f"lacks '{missing}', which is in {reference}", "decode the set again"
        )
    extra = next((utt for utt in given if utt not in wanted), None)
    if extra is not None:
        raise UserError(hypothesis, f"'{extra}' is not in {reference}", "remove it")
    unknown = next((utt for utt in wanted if not utt2spk.get(utt)), None)
    if unknown is not None:
        raise UserError(reference.with_name("utt2spk"), f"lacks '{unknown}'", "add its speaker")
