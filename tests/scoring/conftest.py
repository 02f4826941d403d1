"""Fixtures for the tests of this folder."""

from ..se_files import make_se_set

__all__ = ["make_se_set"]
