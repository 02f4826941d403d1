#!/usr/bin/env bash
# Stage 3: the table: cost, scores over seeds, which differences are significant.
# Reads: <expdir>/compare/, <expdir>/scores/ (noisy speech and the teacher).
# Writes: <expdir>/compare/RESULTS.md.

root=${expdir}/compare
link_scores() {  # link_scores SYSTEM KIND SCORE_DIR: scores that the recipe has made already
    if [ -d "$3" ]; then
        mkdir -p "${root}/scores/$2"
        ln -sfn "$(realpath "$3")" "${root}/scores/$2/$1"
    fi
}
for kind in se truth; do
    link_scores noisy "${kind}" "${expdir}/scores/${kind}/noisy"
    link_scores teacher "${kind}" "${expdir}/scores/${kind}/${kd_teacher}"
done
link_scores noisy wer "${expdir}/scores/wer/${compare_asr}/noisy"

held_against=()
for control in ${controls}; do
    if [[ " ${methods} " == *" ${control} "* ]]; then held_against+=("${control}"); fi
done
[ ${#held_against[@]} -gt 0 ] || die "--methods: holds none of the controls (${controls})"
exp=${expdir}/${kd_teacher}
# shellcheck disable=SC2086  # methods are words
OMP_NUM_THREADS=${num_threads} python3 -m espnet_kd.bin.compare_methods --root "${root}" \
    --methods ${methods} --unseeded noisy teacher --control "${held_against[@]}" \
    --simu_sets "${valid_simu_set}" "${test_simu_set}" \
    --real_sets "${valid_real_set}" "${test_real_set}" \
    --checkpoint "${inference_se_model}" --model_set "${raw}/${valid_simu_set}" \
    --model "teacher:${exp}/config.yaml:${exp}/${inference_se_model}" \
    --command "./enh_kd.sh ${command_line}" --out "${root}/RESULTS.md"
echo
cat "${root}/RESULTS.md"
echo
log "Results: ${PWD}/${root}/RESULTS.md"
