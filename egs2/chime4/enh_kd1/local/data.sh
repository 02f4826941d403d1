#!/usr/bin/env bash
# Set directories from a corpus in CHiME-4's layout: local/data.sh OPTION...
# Reads: the corpus that db.sh names. Writes: data/<set>/ and the references.
# Options are those of python -m espnet_kd.bin.prepare_chime4, e.g. --channels "5".
set -euo pipefail

. ./db.sh
if [ -z "${CHIME4}" ]; then
    echo "error: db.sh: CHIME4 is empty; fill in the directory that holds CHiME-4's data/" >&2
    exit 1
fi
python3 -m espnet_kd.bin.prepare_chime4 --corpus "${CHIME4}" --out data \
    --isolated_ext "${ISOLATED_EXT:-none}" --extra_annotations "${CHIME4_ANNOTATIONS:-none}" "$@"
