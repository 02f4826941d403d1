#!/usr/bin/env bash
# The embedded corpus, which local/data.sh makes.
CHIME4=corpus/CHiME4
# Speech and noise of its dt05 and et05 simulations, as they were mixed: only compared with the
# references that are made.
ISOLATED_EXT=corpus/isolated_ext
CHIME4_ANNOTATIONS=
WSJ0=
WSJ1=
# True images of its real recordings, for scoring alone; outside the corpus.
TRUTH=truth
