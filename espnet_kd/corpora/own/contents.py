"""Compare the samples of your own corpus: the same audio twice, exchanged columns."""

from __future__ import annotations

from collections.abc import Collection

from espnet_kd.corpora.own.pairs import exchanged
from espnet_kd.corpora.own.recordings import Recording
from espnet_kd.data.contents import same_audio
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError


def check_contents(recordings: Collection[Recording], nj: int) -> None:
    """Check that parts share no audio and that no noisy signal is clean.

    Args:
        recordings: recordings of all parts; their files exist and are mono.
        nj: number of processes.

    Raises:
        UserError: two parts have the same audio under different names; the noisy signal of a
            SIMU recording is its clean one; or the two are in each other's place.
    """
    owner: dict[str, Recording] = {}
    for recording in recordings:
        for path in recording.files:
            owner.setdefault(path, recording)
    copy_of: dict[str, str] = {}
    for first, *others in same_audio(owner, nj):
        copy_of |= dict.fromkeys((first, *others), first)
        for other in others:
            if owner[other].part != owner[first].part:
                raise UserError(
                    owner[other].place,
                    f"{other} is in part '{owner[other].part}', but has the samples of {first} in "
                    f"part '{owner[first].part}' ({owner[first].place})",
                    "keep it in one part",
                )
    simulated = [r for r in recordings if r.reference]
    for r in simulated:
        if copy_of.get(r.audio, r.audio) == copy_of.get(r.reference, r.reference):
            raise UserError(
                r.place,
                f"noisy {r.audio} and clean {r.reference} have the same samples",
                "give the mixture and its clean signal",
            )
    pairs = [(r.audio, r.reference) for r in simulated]
    wrong = parallel_map(exchanged, pairs, nj, "pairs", chunk=256)
    for r in (r for r, found in zip(simulated, wrong, strict=True) if found):
        raise UserError(
            r.place,
            f"noisy {r.audio} is weaker than clean {r.reference}, which is the same signal with "
            "something added",
            "exchange the two columns",
        )
