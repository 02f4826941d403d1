"""Faster computation of a Conv-TasNet, with equal results."""
