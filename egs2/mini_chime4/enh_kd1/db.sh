#!/usr/bin/env bash
# The embedded corpus, which local/data.sh makes.
CHIME4=corpus/CHiME4
# Speech and noise as mixed in its dt05 and et05 simulations, which are only compared with the
# references made by the recipe.
ISOLATED_EXT=corpus/isolated_ext
CHIME4_ANNOTATIONS=
WSJ0=
WSJ1=
# True images of its real recordings, only for scoring; outside the corpus.
TRUTH=truth
