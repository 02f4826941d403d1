"""Preprocessing of one utterance: checks, speed perturbation, text to token ids."""

from __future__ import annotations

import contextlib

import numpy as np
from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.train.preprocessor import EnhPreprocessor

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.second_noise import NoiseMixer
from espnet_kd.data.speed import perturb
from espnet_kd.data.tokens import NON_LINGUISTIC
from espnet_kd.errors import UserError
from espnet_kd.host import no_silence_search


class EnhKDPreprocessor(EnhPreprocessor):
    """ESPnet's enhancement preprocessor, which also reads transcripts and speed factors.

    No preprocessor of ESPnet handles both enhancement data and text.

    Args:
        train: True for training, False for evaluation.
        token_type: `char` or `bpe`; None if the model reads no text.
        token_list: token list file.
        bpemodel: sentencepiece model for `bpe`.
        second_noise_scp: background recordings; if given, each SIMU utterance with a reference gets
            a second mixture. In evaluation, it is always the same mixture.
        kwargs: as in EnhPreprocessor.
    """

    def __init__(
        self,
        train: bool,
        token_type: str | None = None,
        token_list: str | None = None,
        bpemodel: str | None = None,
        second_noise_scp: str | None = None,
        **kwargs,
    ):
        super().__init__(train=train, **kwargs)
        self.second_noise = NoiseMixer(second_noise_scp, not train) if second_noise_scp else None
        if token_list is None:
            self.text_tokenizer = None
            return
        self.text_tokenizer = build_tokenizer(
            token_type=token_type,
            bpemodel=bpemodel,
            space_symbol="<space>",
            non_linguistic_symbols=NON_LINGUISTIC,
        )
        self.text_ids = TokenIDConverter(token_list=token_list, unk_symbol="<unk>")

    def __call__(self, uid: str, data: dict) -> dict[str, np.ndarray]:
        """Prepare one utterance.

        Args:
            uid: utterance id.
            data: `speech_mix` (L,) and optionally `speech_ref1`, which is (L,), or (0,) without a
                reference, `text`, `align` (U,) in milliseconds, `speed` (1,), `category`.

        Returns:
            The same data: the audio at the given speed, `text` as token ids, `utt2category` instead
            of `category`, and optionally `speech_mix2` (L,), the reference with different noise. A
            missing reference is NaN.

        Raises:
            UserError: the audio is not finite or differs in length, the category is unknown, or the
                alignment does not fit the text.
        """
        no_reference = "speech_ref1" in data and not len(data["speech_ref1"])
        if no_reference:
            data["speech_ref1"] = np.zeros_like(data["speech_mix"])  # ESPnet needs an array
        check_audio(uid, data)
        speed = float(data.pop("speed", np.ones(1))[0])
        if speed != 1.0:
            for name in ("speech_mix", "speech_ref1"):
                if name in data:
                    data[name] = perturb(data[name], speed)
        if "align" in data:
            # Unscaled: the stored alignment of a speed-perturbed set fits its perturbed audio.
            data["align"] = data["align"].astype(np.float32)
        text, category = data.pop("text", None), data.pop("category", None)
        data = super().__call__(uid, data)
        if no_reference:
            # NaN, so that the zeros are never used as a target.
            data["speech_ref1"] = np.full_like(data["speech_mix"], np.nan)
        has_reference = "speech_ref1" in data and not no_reference
        if self.second_noise is not None and category == "SIMU" and has_reference:
            # After ESPnet has changed the level, because it does not scale a second mixture.
            data["speech_mix2"] = self.second_noise(uid, data["speech_mix"], data["speech_ref1"])
        if category is not None:
            data["utt2category"] = np.array([category_index(uid, category)])
        if text is not None and self.text_tokenizer is not None:
            ids = self.text_ids.tokens2ids(self.text_tokenizer.text2tokens(text))
            if "align" in data and len(data["align"]) != len(ids):
                raise UserError(
                    "align",
                    f"'{uid}' has {len(data['align'])} times for {len(ids)} characters",
                    "run the alignment stage again",
                )
            data["text"] = np.array(ids, dtype=np.int64)
        return data

    def _speech_process(self, uid: str, data: dict) -> dict[str, np.ndarray]:
        # To add reverberation or noise, ESPnet measures the level of non-silent speech.
        level_matters = self.rirs is not None or self.noises is not None
        with contextlib.nullcontext() if level_matters else no_silence_search():
            return super()._speech_process(uid, data)


def category_index(uid: str, category: str) -> int:
    """Return the index of a category in CATEGORIES."""
    if category not in CATEGORIES:
        raise UserError(
            "utt2category",
            f"'{uid}' has category '{category}'",
            f"use one of {', '.join(CATEGORIES)}",
        )
    return CATEGORIES.index(category)


def check_audio(uid: str, data: dict) -> None:
    """Reject audio that would spoil training: NaN, infinite samples or unequal lengths."""
    for name in ("speech_mix", "speech_ref1"):
        if name in data and not np.isfinite(data[name]).all():
            raise UserError(
                uid, f"{name} contains NaN or infinite samples", "fix or remove the file"
            )
    if "speech_mix" in data and "speech_ref1" in data:
        mixture, reference = len(data["speech_mix"]), len(data["speech_ref1"])
        if mixture != reference:
            raise UserError(
                uid,
                f"the mixture has {mixture} samples, the reference {reference}",
                "cut both to the same segment",
            )
