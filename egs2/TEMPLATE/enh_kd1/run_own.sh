#!/usr/bin/env bash
# Run the recipe on your own corpus. Fill in db.sh first; see docs/data.md.
set -euo pipefail
cd "$(dirname "$0")"

./enh_kd.sh \
    --train_simu_set train_simu \
    --train_real_set train_real \
    --valid_simu_set valid_simu \
    --valid_real_set valid_real \
    --test_simu_set test_simu \
    --test_real_set test_real \
    --clean_train_set train_clean \
    --clean_valid_set valid_clean \
    --clean_test_set test_clean \
    "$@"
