#!/usr/bin/env bash
# Stage 3: table of costs, scores over seeds and significant differences.
# Reads: <expdir>/compare/, <expdir>/scores/ (noisy speech and the text-informed teacher).
# Writes: <expdir>/compare/RESULTS.md (compare_<kd_teacher> for another --kd_teacher).

link_scores() {  # link_scores SYSTEM KIND SCORE_DIR: reuse scores of the recipe
    if [ -d "$3" ]; then
        mkdir -p "${compare_dir}/scores/$2"
        ln -sfn "$(realpath "$3")" "${compare_dir}/scores/$2/$1"
    fi
}
for kind in se truth; do
    link_scores noisy "${kind}" "${expdir}/scores/${kind}/noisy"
    if [ "${kd_teacher}" = teacher ]; then
        link_scores teacher "${kind}" "${expdir}/scores/${kind}/teacher"
    fi
done
link_scores noisy wer "${expdir}/scores/wer/${compare_asr}/noisy"

exp=${expdir}/${kd_teacher}
mapfile -t rows < <(compared_methods)
mapfile -t held_against < <(compared_controls)
OMP_NUM_THREADS=${num_threads} python3 -m espnet_kd.bin.compare_methods --root "${compare_dir}" \
    --methods "${rows[@]}" --unseeded noisy teacher --control "${held_against[@]}" \
    --simu_sets "${valid_simu_set}" "${test_simu_set}" \
    --real_sets "${valid_real_set}" "${test_real_set}" \
    --checkpoint "${inference_se_model}" --model_set "${raw}/${valid_simu_set}" \
    --model "teacher:${exp}/config.yaml:${exp}/${inference_se_model}" \
    --command "./enh_kd.sh ${command_line}" --out "${compare_dir}/RESULTS.md"
echo
cat "${compare_dir}/RESULTS.md"
echo
log "Results: ${PWD}/${compare_dir}/RESULTS.md"
