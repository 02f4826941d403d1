"""Batched enhancement, pseudo-references and forced alignment with trained models."""
