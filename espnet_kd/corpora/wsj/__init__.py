"""WSJ0 and WSJ1: clean training speech and language-model text."""
