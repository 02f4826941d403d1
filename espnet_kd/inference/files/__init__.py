"""Enhance audio files of any rate, number of channels, format and length."""
