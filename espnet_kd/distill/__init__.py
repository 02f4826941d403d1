"""Losses for knowledge distillation, in plain PyTorch; one file per method."""
