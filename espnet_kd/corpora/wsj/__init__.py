"""WSJ0 and WSJ1: clean training speech and text for the language model."""
