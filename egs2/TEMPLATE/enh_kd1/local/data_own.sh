#!/usr/bin/env bash
# Set directories of a corpus of one's own: local/data.sh OPTION...
# Reads: the table that db.sh names, or what --table or --dir name; see docs/data.md.
# Writes: data/<set>/; with --noise data/noise.scp; with --resample true 16-kHz 16-bit copies.
# Options are those of python -m espnet_kd.bin.prepare_own.
set -euo pipefail

. ./db.sh
options=()
if [ -n "${TABLE}" ]; then options+=(--table "${TABLE}"); fi
while [ $# -gt 0 ]; do
    case "$1" in
        --channels) ;;  # of CHiME-4; here each row is one microphone
        --references) options+=(--copies "$(dirname "$2")/audio") ;;  # they are given, not made
        *) options+=("$1" "$2") ;;
    esac
    shift 2
done
python3 -m espnet_kd.bin.prepare_own --out data "${options[@]}"
