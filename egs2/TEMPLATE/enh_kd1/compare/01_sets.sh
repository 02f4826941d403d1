#!/usr/bin/env bash
# Stage 1: training sets for a teacher in the training loop.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,tr05_real*,dt05_*}; needs a finished recipe (./run.sh).
# Writes: <dumpdir>/raw/kd_online_{train,valid}/, <expdir>/acoustic_tokens/.

for needed in "${kd_teacher}/${inference_se_model}" "asr_clean/${inference_asr_model}" \
    "${compare_asr}/${inference_asr_model}" scores/se; do
    [ -e "${expdir}/${needed}" ] || die "${expdir}/${needed}: does not exist; run ./run.sh first"
done
prepare_kd_sets
prepare_acoustic_tokens "${expdir}/acoustic_tokens/${kd_clusters}.npz"
