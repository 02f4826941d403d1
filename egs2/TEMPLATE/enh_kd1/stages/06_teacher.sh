#!/usr/bin/env bash
# Stage 6: text-informed teacher, trained on simulated speech.
# With train_controls, also the same model without text.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,dt05_simu*}/{text,align,...}; <expdir>/baseline/ (initial
#        weights, unless --teacher_init scratch).
# Writes: <expdir>/teacher/; with train_controls, <expdir>/teacher_no_text/;
#         for another --kd_teacher also <expdir>/<kd_teacher>/.

if [ ! -e "${expdir}/${kd_teacher}/${inference_se_model}" ] && [ "${kd_teacher}" != teacher ]; then
    [ -n "${kd_teacher_config}" ] || die "--kd_teacher_config: is empty; name the YAML file of" \
        "${kd_teacher}, e.g. conf/se/uformer.yaml"
    train_se "${expdir}/${kd_teacher}" "${kd_teacher_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}"
fi

init=()
initial_weights teacher_init "${teacher_init}"
data=()
add_text_data train "${raw}/${train_simu_set}${suffix}"
add_text_data valid "${raw}/${valid_simu_set}"
train_se "${expdir}/teacher" "${teacher_config}" \
    "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" \
    "${token_options[@]}" "${init[@]}" "${data[@]}"

if [ "${train_controls}" = true ]; then
    train_se "${expdir}/teacher_no_text" "${teacher_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" \
        "${init[@]}" --separator_conf use_text=false --steps_like "${expdir}/teacher"
fi
