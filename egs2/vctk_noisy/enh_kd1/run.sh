#!/usr/bin/env bash
# Run the recipe on VoiceBank+DEMAND, which has no real recordings. Fill in db.sh first.
set -euo pipefail
cd "$(dirname "$0")"

./enh_kd.sh \
    --real false \
    --train_simu_set train_simu \
    --valid_simu_set valid_simu \
    --test_simu_set test_simu \
    --clean_train_set train_clean \
    --clean_valid_set valid_clean \
    --clean_test_set test_clean \
    "$@"
