#!/usr/bin/env bash
# Stage 4: SE baseline, trained on simulated speech.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,dt05_simu*}.
# Writes: <expdir>/baseline/.

train_se "${expdir}/baseline" "${se_config}" \
    "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}"
