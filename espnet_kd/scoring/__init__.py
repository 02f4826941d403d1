"""Scores of speech enhancement and recognition, their uncertainty, and sclite-style tables."""
