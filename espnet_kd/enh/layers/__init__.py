"""Layers of the separators."""
