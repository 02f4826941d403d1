#!/usr/bin/env bash
# Stage 8: student, trained on simulated speech and on real speech with pseudo-references.
# With train_controls, also the same training without the latter.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,dt05_simu*}, <dumpdir>/{pseudo,gated}/<set>/; <expdir>/baseline/
#        (initial weights, with --student_init baseline);
#        with kd_config, the teacher and <dumpdir>/raw/{tr05,dt05}_real* instead of the latter.
# Writes: <dumpdir>/raw/kd_train/, <expdir>/student/; with train_controls, <expdir>/baseline_continued/;
#         with kd_config, <dumpdir>/raw/kd_online_{train,valid}/, <expdir>/student_<method>/.

if [ -n "${kd_config}" ]; then
    prepare_kd_sets
    train_student "${expdir}/student${tag}" "${kd_config}"
    return
fi

pseudo=${dumpdir}/pseudo
if [ -n "${min_log_likelihood}" ]; then pseudo=${dumpdir}/gated; fi
python3 -m espnet_kd.bin.prepare_dump --data "${pseudo}" --dump "${dumpdir}/pseudo_sp" \
    --sets "${train_real_set}" --nj "${nj}" \
    --token_sets "${train_real_set}" --token_list "${dumpdir}/pseudo_sp/tokens.txt" \
    --speed_perturb_factors "${speed_perturb_factors}" --speed_sets "${train_real_set}" \
    --min_wav_duration "${min_wav_duration}" --max_wav_duration "${max_wav_duration}"
python3 -m espnet_kd.bin.combine_sets --out "${raw}/kd_train" \
    "${raw}/${train_simu_set}${suffix}" "${dumpdir}/pseudo_sp/${train_real_set}${suffix}"

# True references choose the best epoch; pseudo-references would prefer what resembles the teacher.
init=()
initial_weights student_init "${student_init}"
options=()
real_speech_weight
train_se "${expdir}/student" "${student_config}" "${raw}/kd_train" "${raw}/${valid_simu_set}" \
    "${init[@]}" "${options[@]}"
if [ "${train_controls}" = true ]; then
    train_se "${expdir}/baseline_continued" "${student_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" \
        "${init[@]}" --steps_like "${expdir}/student"
fi
