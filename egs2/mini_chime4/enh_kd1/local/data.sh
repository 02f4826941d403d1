#!/usr/bin/env bash
# Make the embedded corpus unless it exists, then prepare it like CHiME-4.
# Options: --scale tiny|mini|medium|large (default mini), --seed N (default 0), and those of
# local/chime4_data.sh. References are made as for CHiME-4 and only compared with the true ones.
# Reads: nothing.
# Writes: corpus/, truth/ (only for scoring), data/<set>/, the references, data/noise.scp.
set -euo pipefail

scale=mini
seed=0
nj=1
others=()
while [ $# -gt 0 ]; do
    case "$1" in
        --scale) scale=$2 ;;
        --seed) seed=$2 ;;
        --nj) nj=$2 ;;
        *) others+=("$1" "$2") ;;
    esac
    shift 2
done

. ./db.sh
python3 -m espnet_kd.bin.make_mini_chime4 --out "${CHIME4}" --isolated_ext "${ISOLATED_EXT}" \
    --truth_dir "${TRUTH}" --scale "${scale}" --seed "${seed}" --nj "${nj}"
local/chime4_data.sh --nj "${nj}" --take_isolated_ext false "${others[@]}"
