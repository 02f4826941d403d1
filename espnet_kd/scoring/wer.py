"""Score the recognized text of sets, and write and read files of error counts."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import groupby
from pathlib import Path

from espnet_kd.characters import unseen
from espnet_kd.data.transcripts import lower, sclite_notation
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, read_text, write_lines, write_text
from espnet_kd.scoring.align import Counts, count_errors
from espnet_kd.scoring.sclite_table import Row, sclite_table
from espnet_kd.scoring.trn import (
    character_tokens,
    trn_ids,
    trn_token,
    word_tokens,
    write_trn,
)

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
        UserError: utterance IDs differ or are not readable by sclite; a reference is empty, is in
            sclite's notation, or no reference has words to score; a text has invisible
            characters; or a file cannot be read.
    """
    set_dir, out_dir = Path(set_dir), Path(out_dir)
    given = read_columns(hypothesis)
    wanted = read_columns(set_dir / "text")
    utt2spk = read_columns(set_dir / "utt2spk")
    _check(hypothesis, given, set_dir / "text", wanted, utt2spk)
    for path, texts in ((set_dir / "text", wanted), (hypothesis, given)):
        _check_characters(path, texts)
    _check_words(set_dir / "text", wanted, removed)
    ids = trn_ids({utt: utt2spk[utt] for utt in wanted}, set_dir / "utt2spk")
    rows = {}
    for name, tokenize in TOKENIZERS.items():
        references, hypotheses = (
            {utt: list(map(trn_token, tokenize(text[utt], removed))) for utt in wanted}
            for text in (wanted, given)
        )
        counts = {
            utt: count_errors(*(list(map(lower, side[utt])) for side in (references, hypotheses)))
            for utt in wanted
        }
        write_trn(out_dir / name / "ref.trn", references, ids)
        write_trn(out_dir / name / "hyp.trn", hypotheses, ids)
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
    header, *rows = read_text(path).removesuffix("\n").split("\n")
    if tuple(header.split("\t")) != HEADER:
        raise UserError(path, f"has the header '{header}'", "score the set again")
    counts = {}
    for number, row in enumerate(rows, 2):
        utterance, *values = row.split("\t")
        if len(values) != len(Counts._fields) or not all(map(str.isdecimal, values)):
            raise UserError(path, f"line {number} is '{row}'", "score the set again")
        counts[utterance] = Counts(*map(int, values))
    return counts


def _result(title: str, counts: Mapping[str, Counts], utt2spk: Mapping[str, str]) -> str:
    # sclite ignores case; and a "-" in a speaker is "_" in the .trn.
    def speaker(utt: str) -> str:
        return lower(utt2spk[utt].replace("-", "_"))

    speakers = {}
    for _, utts in groupby(sorted(counts, key=speaker), key=speaker):
        members = list(utts)
        speakers[utt2spk[members[0]]] = Row.of(counts[utt] for utt in members)
    return sclite_table(title, speakers) + "\n"


def _check_characters(path: str | os.PathLike, texts: Mapping[str, str]) -> None:
    for utt, text in texts.items():
        if found := unseen(text):
            raise UserError(path, f"'{utt}' has {found} in '{text}'", "remove it")


def _check_words(reference: Path, wanted: Mapping[str, str], removed: Collection[str]) -> None:
    for utt, text in wanted.items():
        if found := sclite_notation(text):
            raise UserError(
                reference,
                f"'{utt}' has '{found}', which sclite does not read as a word, in '{text}'",
                "spell out what is said",
            )
    if not any(word_tokens(text, removed) for text in wanted.values()):
        raise UserError(
            reference,
            f"no utterance has a word to score; all words are of {' '.join(sorted(removed))}",
            "add the transcripts",
        )


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
