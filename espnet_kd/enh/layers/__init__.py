"""Layers in plain PyTorch."""
