"""Load a model in stock ESPnet, in a process that cannot import espnet_kd.

Arguments: config.yaml, model.pth, mixture.npy, enhanced.npy.
"""

import sys


class Forbid:
    """Import hook that rejects espnet_kd."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "espnet_kd":
            raise ModuleNotFoundError(f"{name} is forbidden here")


sys.meta_path.insert(0, Forbid())
# Importing g2p_en, as ESPnet does, would access the network.
sys.modules["g2p_en"] = type(sys)("g2p_en")
sys.modules["g2p_en"].G2p = None

import numpy as np  # noqa: E402
from espnet2.bin.enh_inference import SeparateSpeech  # noqa: E402

config, model, mixture, enhanced = sys.argv[1:]
separate = SeparateSpeech(config, model, normalize_output_wav=False)
np.save(enhanced, separate(np.load(mixture)[None], fs=16000)[0])
assert not any(name.partition(".")[0] == "espnet_kd" for name in sys.modules)
