#!/usr/bin/env bash
# Stage 10: speech enhanced by baseline, student, and teacher with correct and exchanged text.
# Reads: <dumpdir>/raw/<set>/, <expdir>/{baseline,student,teacher}/.
# Writes: <expdir>/<system>/enhanced/<set>/wav.scp, <expdir>/teacher/enhanced_wrong_text/<set>/.

all=()
add() {  # add SYSTEM OUT_DIR OPTION...
    local exp
    exp=$(dir_of "$1")
    if [ ${#all[@]} -gt 0 ]; then all+=(--and); fi
    all+=(--config "${exp}/config.yaml" --checkpoint "${exp}/${inference_se_model}"
        --out "${exp}/$2" "${@:3}")
}

for system in baseline student; do
    sets=("${eval_sets[@]}")
    if [[ " ${multi_style_systems} " == *" ${system} "* ]]; then
        sets+=("${train_simu_set}" "${train_real_set}")
    fi
    add "${system}" enhanced --sets "${sets[@]/#/${raw}/}"
done

add teacher enhanced --text_name text --align_name align --sets "${eval_sets[@]/#/${raw}/}"
add teacher enhanced_wrong_text --text_name text_exchanged --align_name align_exchanged \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"

enhance_in_jobs espnet_kd.bin.enhance "${expdir}/enhance${tag}/enhance" "${all[@]}"
