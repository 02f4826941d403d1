"""A small synthetic corpus in exactly CHiME-4's layout."""
