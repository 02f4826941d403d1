#!/usr/bin/env bash
# Stage 1: training sets for distillation with the teacher in the training loop.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,tr05_real*,dt05_*} of a finished recipe (./run.sh).
# Writes: <dumpdir>/raw/kd_online_{train,valid}/, <expdir>/asr_clean/tokens/;
#         for another --kd_teacher also its scores in <expdir>/compare_<kd_teacher>/.

for needed in "${kd_teacher}/${inference_se_model}" "asr_clean/${inference_asr_model}" \
    "${compare_asr}/${inference_asr_model}" scores/se; do
    [ -e "${expdir}/${needed}" ] || die "${expdir}/${needed}: does not exist; run ./run.sh first"
done
[ -n "$(compared_controls)" ] || die "--methods: '${methods}' contains none of the controls" \
    "(${controls}), and no control has a finished row; name one in --methods or --controls"
prepare_kd_sets
if [[ " ${methods} " == *" acoustic_token "* ]]; then  # before rows that need it run in parallel
    prepare_acoustic_tokens "${expdir}/asr_clean/tokens/${kd_clusters}.npz"
fi
if [ "${kd_teacher}" != teacher ]; then score_signals teacher "${expdir}/${kd_teacher}"; fi
