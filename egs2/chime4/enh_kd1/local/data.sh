#!/usr/bin/env bash
# Set directories from a corpus in CHiME-4's layout, checked first: local/data.sh OPTION...
# Reads: the corpus that db.sh names.
# Writes: data/<set>/, the references, data/local/left_out.tsv, data/noise.scp (the backgrounds at
# the same channels).
# Options are those of python -m espnet_kd.bin.prepare_chime4, e.g. --channels "5" or
# --allow_partial true, which goes on where the corpus is not whole.
set -euo pipefail

. ./db.sh
if [ -z "${CHIME4}" ]; then
    echo "error: db.sh: CHIME4 is empty; fill in the directory that holds CHiME-4's data/" >&2
    exit 1
fi
options=("$@")
channels=()
allow_partial=()
while [ $# -gt 0 ]; do
    case "$1" in
        --channels) channels=("$1" "$2") ;;
        --allow_partial) allow_partial=("$1" "$2") ;;
    esac
    shift
done
annotations=(--extra_annotations "${CHIME4_ANNOTATIONS:-none}")

python3 -m espnet_kd.bin.check_corpus "${CHIME4}" "${annotations[@]}" "${allow_partial[@]}"
python3 -m espnet_kd.bin.prepare_chime4 --corpus "${CHIME4}" --out data \
    --isolated_ext "${ISOLATED_EXT:-none}" "${annotations[@]}" "${options[@]}"
python3 -m espnet_kd.bin.list_backgrounds --corpus "${CHIME4}" --out data/noise.scp "${channels[@]}"
