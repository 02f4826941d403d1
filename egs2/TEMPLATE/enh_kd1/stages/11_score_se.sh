#!/usr/bin/env bash
# Stage 11: PESQ, STOI, SDR and SI-SNR where there is a true reference.
# Reads: <dumpdir>/raw/<set>/{wav.scp,spk1.scp}, <expdir>/<system>/enhanced*/<set>/wav.scp;
#        with truth_dir also its images, the annotations of the corpus, <dumpdir>/pseudo/<set>/.
# Writes: <expdir>/scores/se/<system>/<set>/scores.tsv;
#         with truth_dir also <expdir>/scores/{true_images,truth}/, which only stage 15 reads.

add_score_job() {  # add_score_job SYSTEM SET WAV_SCP; scores are written to ${scores}
    jobs+=(--job "$1:${raw}/$2:$3:${scores}/$1/$2")
}
add_systems() {  # add_systems SET
    add_score_job noisy "$1" "${raw}/$1/wav.scp"
    for system in "${systems[@]}" "${teachers[@]}"; do
        add_score_job "${system}" "$1" "$(dir_of "${system}")/enhanced/$1/wav.scp"
    done
}

scores=${expdir}/scores${tag}/se
jobs=()
for set in "${eval_sets[@]}"; do
    add_systems "${set}"
done
for set in "${valid_simu_set}" "${test_simu_set}"; do
    add_score_job teacher_wrong_text "${set}" \
        "${expdir}/teacher/enhanced_wrong_text/${set}/wav.scp"
done
# shellcheck disable=SC2086  # metrics are words
python3 -m espnet_kd.bin.score_se --nj "${nj}" --metrics ${se_metrics} "${jobs[@]}"

if [ -n "${truth_dir}" ] && [ -z "${train_real_set}" ]; then
    log "True images are skipped: no real recordings"
elif [ -n "${truth_dir}" ]; then
    # shellcheck source=/dev/null
    . ./db.sh
    images=${expdir}/scores${tag}/true_images
    pseudo=${dumpdir}/pseudo/${train_real_set}
    list=(python3 -m espnet_kd.bin.truth_scp --truth "${truth_dir}" --corpus "${CHIME4}"
        --out "${images}")
    "${list[@]}" --sets "${raw}/${valid_real_set}" "${raw}/${test_real_set}"
    "${list[@]}" --most 64 --sets "${pseudo}"  # at most 64 utterances, to save time

    scores=${expdir}/scores${tag}/truth
    jobs=()
    add_systems "${valid_real_set}"
    add_systems "${test_real_set}"
    add_score_job noisy "${train_real_set}" "${raw}/${train_real_set}/wav.scp"
    add_score_job teacher "${train_real_set}" "${expdir}/teacher/enhanced/${train_real_set}/wav.scp"
    add_score_job pseudo_reference "${train_real_set}" "${pseudo}/spk1.scp"
    # shellcheck disable=SC2086  # metrics are words
    python3 -m espnet_kd.bin.score_se --nj "${nj}" --metrics ${se_metrics} --partial \
        --ref_scp "${images}/{set}/spk1.scp" "${jobs[@]}"
fi
