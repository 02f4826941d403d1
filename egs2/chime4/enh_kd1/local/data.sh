#!/usr/bin/env bash
# Set directories from a corpus in CHiME-4's layout: local/data.sh OPTION...
# Reads: the corpus that db.sh names.
# Writes: data/<set>/, the references, data/noise.scp (the backgrounds at the same channels).
# Options are those of python -m espnet_kd.bin.prepare_chime4, e.g. --channels "5".
set -euo pipefail

. ./db.sh
if [ -z "${CHIME4}" ]; then
    echo "error: db.sh: CHIME4 is empty; fill in the directory that holds CHiME-4's data/" >&2
    exit 1
fi
python3 -m espnet_kd.bin.prepare_chime4 --corpus "${CHIME4}" --out data \
    --isolated_ext "${ISOLATED_EXT:-none}" --extra_annotations "${CHIME4_ANNOTATIONS:-none}" "$@"

channels=()
while [ $# -gt 0 ]; do
    if [ "$1" = --channels ]; then
        channels=("$1" "$2")
    fi
    shift
done
python3 -m espnet_kd.bin.list_backgrounds --corpus "${CHIME4}" --out data/noise.scp "${channels[@]}"
