"""The output of trained models does not depend on the rest of the batch."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_model


@pytest.mark.parametrize("which", ["student", "teacher"])
def test_samples_do_not_depend_on_batch_or_padding(make_set, which, request):
    """Compare utterances alone, in one batch, with more padding, and in a smaller batch."""
    lengths = {"F01_0": 4000, "F01_1": 4000, "F01_2": 3777, "F01_3": 1510}
    texts = {"F01_0": "STOCKS", "F01_1": "ROSE", "F01_2": "STOCKS ROSE", "F01_3": "S"}
    aligns = {utt: " ".join(str(20 * i) for i in range(len(text))) for utt, text in texts.items()}
    utterances = read_utterances(make_set("a", lengths, text=texts, align=aligns), "text", "align")
    model, _ = load_model(*request.getfixturevalue(f"{which}_files"))
    tokenize = (lambda text: [3 + len(text) % 5] * len(text)) if model.takes_text else None
    enhancer = Enhancer(model, tokenize, keep_scale=True)
    alone = [enhancer([utt])[0] for utt in utterances]
    assert model.padding_invariant
    for batch, length in ((utterances, 0), (utterances, 5000), (utterances[1:3], 4096)):
        enhanced = enhancer.compute(enhancer.read(batch, length)).numpy()
        for utt, wave in zip(batch, enhanced, strict=True):
            expected = alone[utterances.index(utt)]
            assert np.abs(expected).max() > 0.01
            np.testing.assert_allclose(wave[: utt.num_samples], expected, atol=1e-5)
