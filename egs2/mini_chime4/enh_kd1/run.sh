#!/usr/bin/env bash
# Run the recipe on the embedded corpus, a small CHiME-4 that stage 1 makes, with model sizes for
# two CPU cores.
set -euo pipefail
cd "$(dirname "$0")"
. ./db.sh
. local/options.sh

./enh_kd.sh "${options[@]}" --truth_dir "${TRUTH}" "$@"
