"""Readers and makers of corpora."""
