"""Losses of knowledge distillation, in plain PyTorch: one method, one file."""
