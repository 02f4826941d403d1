#!/usr/bin/env bash
# Make set directories from your own corpus: local/data.sh OPTION...
# Reads: the table that db.sh names, or what --table or --dir names; see docs/data.md.
# Writes: data/<set>/; with --noise, data/noise.scp; with --resample true, 16-kHz 16-bit copies.
# The options are those of python -m espnet_kd.bin.prepare_own.
set -euo pipefail

. ./db.sh
options=()
if [ -n "${TABLE}" ]; then options+=(--table "${TABLE}"); fi
while [ $# -gt 0 ]; do
    case "$1" in
        --channels) ;;  # only for CHiME-4; here, each row is one microphone
        --references) options+=(--copies "$(dirname "$2")/audio") ;;  # references are given, not made
        *) options+=("$1" "$2") ;;
    esac
    shift 2
done
python3 -m espnet_kd.bin.prepare_own --out data "${options[@]}"
