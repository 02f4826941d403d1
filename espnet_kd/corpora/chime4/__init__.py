"""CHiME-4: its tree, annotations and sets; counts and failing microphones."""
