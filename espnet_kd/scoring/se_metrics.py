"""Scores of one enhanced utterance against its reference, 16 kHz."""

from __future__ import annotations

import math
import warnings

import fast_bss_eval
import numpy as np
import pesq as pesq_package
import pystoi

from espnet_kd.data.audio import SAMPLE_RATE

# Scores in dB are limited to +-60 dB: beyond that a 16-bit file holds rounding, not speech.
LIMIT_DB = 60.0
BSS_EVAL_TAPS = 512
# What a silent estimate gets, the foot of each scale: leaving it out would reward the failure.
SILENT_SCORES = {"pesq": 1.04, "pesq_raw": -0.5, "stoi": 0.0, "sdr": -LIMIT_DB, "si_snr": -LIMIT_DB}
METRICS = tuple(SILENT_SCORES)


def score_pair(reference: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
    """All scores of one utterance, by the names in `METRICS`.

    A silent (constant) estimate gets `SILENT_SCORES`. PESQ and STOI are NaN where they are not
    defined (too short, no speech found); SDR and SI-SNR are always finite.

    Args:
        reference: clean samples (T,).
        estimate: enhanced samples (T,).

    Raises:
        ValueError: other shapes, samples that are not finite, or a silent reference.
    """
    if reference.ndim != 1 or reference.shape != estimate.shape:
        raise ValueError(f"shapes {reference.shape} and {estimate.shape} are not (T,) and (T,)")
    if not (np.isfinite(reference).all() and np.isfinite(estimate).all()):
        raise ValueError("samples are not finite")
    if is_silent(reference):
        raise ValueError("the reference is silent")
    if is_silent(estimate):
        return dict(SILENT_SCORES)
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    return {
        "pesq": pesq_wideband(reference, estimate),
        "pesq_raw": pesq_raw(reference, estimate),
        "stoi": stoi(reference, estimate),
        "sdr": sdr(reference, estimate),
        "si_snr": si_snr(reference, estimate),
    }


def is_silent(wave: np.ndarray) -> bool:
    """Whether samples (T,) carry nothing: empty or constant."""
    return wave.size == 0 or bool(wave.min() == wave.max())


def pesq_wideband(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Wide-band PESQ (ITU-T P.862.2 MOS-LQO), as ESPnet's `enh_scoring` gives at 16 kHz.

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        1.04 to 4.64; NaN under 0.25 s or where no speech is found.
    """
    return _pesq(reference, estimate, "wb")


def pesq_raw(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Narrow-band PESQ on its raw scale (ITU-T P.862, before P.862.1).

    The published CHiME-4 tables of ESPnet use this scale (their tool, python-pesq, returns the
    raw score); that the text-informed KD paper does too is our reading of its noisy row (2.18).

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        -0.5 to 4.5; NaN under 0.25 s or where no speech is found.
    """
    mapped = _pesq(reference, estimate, "nb")
    # The inverse of P.862.1: mapped = 0.999 + 4 / (1 + exp(-1.4945 raw + 4.6607)).
    return (4.6607 - math.log(4.0 / (mapped - 0.999) - 1.0)) / 1.4945


def _pesq(reference: np.ndarray, estimate: np.ndarray, mode: str) -> float:
    try:
        return float(pesq_package.pesq(SAMPLE_RATE, reference, estimate, mode))
    except (pesq_package.BufferTooShortError, pesq_package.NoUtterancesError):
        return math.nan


def stoi(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Short-time objective intelligibility (Taal et al. 2011) in percent, as ESPnet reports it.

    Args:
        reference: samples (T,).
        estimate: samples (T,).

    Returns:
        At most 100; NaN under about 0.4 s of speech.
    """
    with warnings.catch_warnings():
        # pystoi warns and returns 1e-5, which would pass for a score.
        warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
        try:
            return 100.0 * float(pystoi.stoi(reference, estimate, SAMPLE_RATE))
        except RuntimeWarning:
            return math.nan


def sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Signal-to-distortion ratio of BSS Eval v3 (Vincent et al. 2006) in dB.

    A distortion filter of 512 taps is allowed, as in `mir_eval.separation.bss_eval_sources`.

    Args:
        reference: samples (T,).
        estimate: samples (T,).
    """
    ratio = fast_bss_eval.sdr(
        reference[None], estimate[None], filter_length=BSS_EVAL_TAPS, clamp_db=LIMIT_DB
    )
    return float(ratio[0])


def si_snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Scale-invariant signal-to-noise ratio in dB, means removed, as ESPnet's `SISNRLoss`.

    Args:
        reference: samples (T,).
        estimate: samples (T,).
    """
    ratio = fast_bss_eval.si_sdr(reference[None], estimate[None], zero_mean=True, clamp_db=LIMIT_DB)
    return float(ratio[0])
