"""Kaldi-style set directories: read, check, write, combine, perturb."""
