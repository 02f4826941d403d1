#!/usr/bin/env bash
# The embedded corpus, which local/data.sh makes.
CHIME4=corpus/CHiME4
ISOLATED_EXT=corpus/isolated_ext
CHIME4_ANNOTATIONS=
