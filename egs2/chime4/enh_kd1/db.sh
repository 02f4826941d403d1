#!/usr/bin/env bash
# Where the corpora are. Fill in CHIME4; the others may stay empty.

# An ESPnet checkout has one db.sh for all its recipes.
if [ -z "${CHIME4:-}" ] && [ -e ../../TEMPLATE/asr1/db.sh ]; then
    # shellcheck source=/dev/null
    . ../../TEMPLATE/asr1/db.sh
fi

# Directory that holds CHiME-4's data/ (or CHiME3/data/).
CHIME4=${CHIME4:-}
# Optional: directory with <set>_<env>_simu/<name>.CHn.{Clean,Noise}.wav, as ESPnet's MATLAB
# simulation writes them. Those of dt05 and et05 replace the references made here, and all are
# compared with these references; tr05 may be missing.
ISOLATED_EXT=${ISOLATED_EXT:-}
# Optional: directory of the track lists and mic_error.csv, if they are not in CHIME4.
CHIME4_ANNOTATIONS=${CHIME4_ANNOTATIONS:-}
# Optional: the discs of WSJ0 and of WSJ1. With both, and sph2pipe, the recognizers and the language
# model are trained on train_si284 instead of tr05_orig_clean.
WSJ0=${WSJ0:-}
WSJ1=${WSJ1:-}
