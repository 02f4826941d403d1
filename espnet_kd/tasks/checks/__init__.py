"""Checks that run before a training starts."""
