"""Metrics of one enhanced utterance against its reference, at 16 kHz."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection

import fast_bss_eval
import numpy as np
import pesq as pesq_package
import pystoi

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.scoring.pesq_limit import too_many_sections

# Scores in dB are clamped to +-60 dB: beyond that, a 16-bit file only contains rounding noise.
LIMIT_DB = 60.0
BSS_EVAL_TAPS = 512
# A silent estimate gets the lowest value of each scale: excluding it would reward the failure.
SILENT_SCORES = {"pesq": 1.04, "pesq_raw": -0.5, "stoi": 0.0, "sdr": -LIMIT_DB, "si_snr": -LIMIT_DB}
METRICS = tuple(SILENT_SCORES)


def score_pair(
    reference: np.ndarray, estimate: np.ndarray, metrics: Collection[str] = METRICS
) -> dict[str, float]:
    """Return scores of one utterance by their names.

    A silent (constant) estimate gets `SILENT_SCORES`. PESQ, STOI and SDR are NaN where they are
    undefined: the signal is too short, has no speech or, for PESQ, too many sections of it. SI-SNR
    is always finite.

    Args:
        reference: clean samples (T,).
        estimate: enhanced samples (T,).
        metrics: scores to compute, of those in `METRICS`.

    Raises:
        ValueError: the shapes differ or are not (T,), samples are not finite, or the reference is
            silent.
    """
    if reference.ndim != 1 or reference.shape != estimate.shape:
        raise ValueError(f"shapes {reference.shape} and {estimate.shape} are not (T,) and (T,)")
    if not (np.isfinite(reference).all() and np.isfinite(estimate).all()):
        raise ValueError("samples are not finite")
    if is_silent(reference):
        raise ValueError("the reference is silent")
    if is_silent(estimate):
        return {metric: SILENT_SCORES[metric] for metric in metrics}
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    functions = {
        "pesq": pesq_wideband,
        "pesq_raw": pesq_raw,
        "stoi": stoi,
        "sdr": sdr,
        "si_snr": si_snr,
    }
    return {metric: functions[metric](reference, estimate) for metric in metrics}


def is_silent(wave: np.ndarray) -> bool:
    """Return whether samples (T,) contain no signal: they are empty or constant."""
    return wave.size == 0 or bool(wave.min() == wave.max())


def pesq_wideband(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return wide-band PESQ (ITU-T P.862.2 MOS-LQO), as ESPnet's `enh_scoring` does at 16 kHz.

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        1.04 to 4.64; NaN for a signal under 0.25 s, without speech, or with over 50 sections of it.
    """
    return _pesq(reference, estimate, "wb")


def pesq_raw(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return narrow-band PESQ on its raw scale (ITU-T P.862, without the mapping of P.862.1).

    ESPnet's published CHiME-4 tables use this scale (their tool, python-pesq, returns the raw
    score). That the text-informed KD paper also uses it is our interpretation of its noisy row
    (2.18).

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        -0.5 to 4.5; NaN for a signal under 0.25 s, without speech, or with over 50 sections of it.
    """
    mapped = _pesq(reference, estimate, "nb")
    # The inverse of P.862.1: mapped = 0.999 + 4 / (1 + exp(-1.4945 raw + 4.6607)).
    return (4.6607 - math.log(4.0 / (mapped - 0.999) - 1.0)) / 1.4945


def _pesq(reference: np.ndarray, estimate: np.ndarray, mode: str) -> float:
    if too_many_sections(reference):
        return math.nan
    try:
        return float(pesq_package.pesq(SAMPLE_RATE, reference, estimate, mode))
    except (pesq_package.BufferTooShortError, pesq_package.NoUtterancesError):
        return math.nan


def stoi(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return short-time objective intelligibility (Taal et al. 2011) in %, as ESPnet reports it.

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        At most 100; NaN for less than about 0.4 s of speech.
    """
    try:
        return 100.0 * _stoi(reference, estimate)
    except (RuntimeWarning, np.exceptions.AxisError):  # the latter if there is not a single frame
        return math.nan


def _stoi(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return STOI from 0 to 1.

    Raises:
        RuntimeWarning, AxisError: there is too little speech.
    """
    with warnings.catch_warnings():
        # pystoi warns and returns 1e-5, which would look like a valid score.
        warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
        return float(pystoi.stoi(reference, estimate, SAMPLE_RATE))


def sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the signal-to-distortion ratio of BSS Eval v3 (Vincent et al. 2006) in dB.

    It allows a distortion filter of 512 taps, as `mir_eval.separation.bss_eval_sources` does.

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        -60 to 60; NaN for 512 samples or fewer, which the filter turns into anything.
    """
    if len(reference) <= BSS_EVAL_TAPS:
        return math.nan
    ratio = fast_bss_eval.sdr(
        reference[None], estimate[None], filter_length=BSS_EVAL_TAPS, clamp_db=LIMIT_DB
    )
    return float(ratio[0])


def si_snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant SNR in dB, with means removed, like ESPnet's `SISNRLoss`.

    Args:
        reference: samples (T,).
        estimate: samples (T,).
    """
    ratio = fast_bss_eval.si_sdr(reference[None], estimate[None], zero_mean=True, clamp_db=LIMIT_DB)
    return float(ratio[0])
