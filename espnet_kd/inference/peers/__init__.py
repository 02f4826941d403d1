"""Pretrained denoisers of others, to compare with; see docs/peers.md."""
