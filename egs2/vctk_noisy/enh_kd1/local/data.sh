#!/usr/bin/env bash
# Make set directories of VoiceBank+DEMAND: local/data.sh OPTION...
# Reads: the corpus that db.sh names.
# Writes: data/local/table.tsv, data/<set>/, 16-kHz 16-bit copies of the audio.
# The options are those of python -m espnet_kd.bin.prepare_own.
set -euo pipefail

. ./db.sh
if [ -z "${VCTK_NOISY}" ]; then
    echo "error: db.sh: VCTK_NOISY is empty; fill in the directory of the corpus" >&2
    exit 1
fi
options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --channels) ;;  # only for CHiME-4; here, there is one microphone
        --references) options+=(--copies "$(dirname "$2")/audio") ;;  # references are given
        *) options+=("$1" "$2") ;;
    esac
    shift 2
done
python3 -m espnet_kd.bin.list_vctk_noisy --corpus "${VCTK_NOISY}" --out data/local/table.tsv
python3 -m espnet_kd.bin.prepare_own --out data --table data/local/table.tsv --resample true \
    "${options[@]}"
