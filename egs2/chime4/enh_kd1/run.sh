#!/usr/bin/env bash
# Run the recipe on CHiME-4: one channel, models of the published sizes. Fill in db.sh first.
set -euo pipefail
cd "$(dirname "$0")"
. ./db.sh

clean=()
if [ -n "${WSJ0}" ] && [ -n "${WSJ1}" ]; then clean=(--clean_train_set train_si284); fi
./enh_kd.sh --report_opts "--published" "${clean[@]}" "$@"
