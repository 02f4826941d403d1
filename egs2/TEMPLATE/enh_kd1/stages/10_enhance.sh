#!/usr/bin/env bash
# Stage 10: speech enhanced by all models, and by the teacher with exchanged text.
# Reads: <dumpdir>/raw/<set>/, <expdir>/<system>/.
# Writes: <expdir>/<system>/enhanced/<set>/wav.scp, <expdir>/teacher/enhanced_wrong_text/<set>/;
#         with multi_style_weight, <expdir>/<system>/observation/<weight>/<training set>/.

all=()
training=("${train_simu_set}" ${train_real_set:+"${train_real_set}"})
for system in "${systems[@]}"; do
    sets=("${eval_sets[@]}")
    if [[ " ${multi_style_systems} " == *" ${system} "* ]]; then
        if [ "${multi_style_weight}" = 1 ]; then
            sets+=("${training[@]}")
        else
            add_enhancement "${system}" "observation/${multi_style_weight}" \
                --observation_weight "${multi_style_weight}" --sets "${training[@]/#/${raw}/}"
        fi
    fi
    add_enhancement "${system}" enhanced --sets "${sets[@]/#/${raw}/}"
done

# Also the training set, to compare the pseudo-references with.
add_enhancement teacher enhanced --text_name text --align_name align \
    --sets "${eval_sets[@]/#/${raw}/}" ${train_real_set:+"${raw}/${train_real_set}"}
add_enhancement teacher enhanced_wrong_text \
    --text_name text_exchanged --align_name align_exchanged \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"
if [ "${train_controls}" = true ]; then
    add_enhancement teacher_no_text enhanced --sets "${eval_sets[@]/#/${raw}/}"
fi

enhance_in_jobs espnet_kd.bin.enhance "${expdir}/enhance${tag}/enhance" "${all[@]}"
