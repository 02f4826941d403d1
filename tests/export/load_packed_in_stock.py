"""Load a packed model in stock ESPnet, in a process that has neither espnet_kd nor the network.

Arguments: model.zip, mixture.npy, enhanced.npy.
"""

import importlib.util
import socket
import sys


class Forbid:
    """Import hook that rejects espnet_kd."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "espnet_kd":
            raise ModuleNotFoundError(f"{name} is forbidden here")


def no_network(*_):
    raise OSError("no network here")


sys.meta_path.insert(0, Forbid())
socket.socket.connect = socket.getaddrinfo = no_network
# Importing g2p_en, as ESPnet 202511 does, would access the network.
sys.modules["g2p_en"] = type(sys)("g2p_en")
sys.modules["g2p_en"].G2p = None

import numpy as np  # noqa: E402
from espnet2.bin.enh_inference import SeparateSpeech  # noqa: E402

model, mixture, enhanced = sys.argv[1:]
if importlib.util.find_spec("espnet_model_zoo"):
    separate = SeparateSpeech.from_pretrained(model_tag=model)
else:  # what espnet_model_zoo does with a file
    from espnet2.main_funcs.pack_funcs import unpack

    separate = SeparateSpeech(**unpack(model, "unpacked"))
np.save(enhanced, separate(np.load(mixture)[None], fs=16000)[0])
