"""Names of the pretrained denoisers."""

from __future__ import annotations

from importlib import import_module

from espnet_kd.errors import UserError
from espnet_kd.inference.peers.base import Peer

PEERS = {
    "gtcrn": "espnet_kd.inference.peers.networks:GTCRNPeer",
    "dtln": "espnet_kd.inference.peers.networks:DTLNPeer",
    "nsnet2": "espnet_kd.inference.peers.networks:NSNet2Peer",
    "rnnoise": "espnet_kd.inference.peers.native:RNNoisePeer",
    "deepfilternet": "espnet_kd.inference.peers.native:DeepFilterNetPeer",
}


def open_peer(name: str) -> Peer:
    """Load a pretrained denoiser.

    Args:
        name: a key of PEERS.

    Raises:
        UserError: there is none of this name, or its package is not installed.
    """
    if name not in PEERS:
        raise UserError(f"peer:{name}", "is not known", f"give one of {', '.join(PEERS)}")
    module, _, peer = PEERS[name].partition(":")
    return getattr(import_module(module), peer)()
