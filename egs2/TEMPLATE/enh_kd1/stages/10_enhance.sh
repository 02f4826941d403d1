#!/usr/bin/env bash
# Stage 10: enhanced speech of baseline, student, and teacher with right and exchanged text.
# Reads: <dumpdir>/raw/<set>/, <expdir>/{baseline,student,teacher}/.
# Writes: <expdir>/<system>/enhanced/<set>/wav.scp, <expdir>/teacher/enhanced_wrong_text/<set>/.

enhance() {  # enhance SYSTEM OUT_DIR OPTION...
    local exp out=$2
    exp=$(dir_of "$1")
    shift 2
    python3 -m espnet_kd.bin.enhance --config "${exp}/config.yaml" \
        --checkpoint "${exp}/${inference_se_model}" --out "${out}" \
        --ngpu "${inference_ngpu}" --nj "${inference_nj}" "$@"
}

for system in baseline student; do
    sets=("${eval_sets[@]}")
    if [[ " ${multi_style_systems} " == *" ${system} "* ]]; then
        sets+=("${train_simu_set}" "${train_real_set}")
    fi
    enhance "${system}" "$(dir_of "${system}")/enhanced" --sets "${sets[@]/#/${raw}/}"
done

enhance teacher "${expdir}/teacher/enhanced" --sets "${eval_sets[@]/#/${raw}/}"
enhance teacher "${expdir}/teacher/enhanced_wrong_text" \
    --text_name text_exchanged --align_name align_exchanged \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"
