"""CHiME-4: directory tree, annotations, sets, expected counts and failing microphones."""
