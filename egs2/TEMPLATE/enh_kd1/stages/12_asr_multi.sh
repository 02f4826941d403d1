#!/usr/bin/env bash
# Stage 12: multi-style recognizer, trained on clean, noisy and enhanced speech.
# Reads: <dumpdir>/raw/<training sets>, <expdir>/<system>/enhanced/<training sets>
#        (with multi_style_weight, <expdir>/<system>/observation/<weight>/<training sets>).
# Writes: <dumpdir>/raw/{multi_train,multi_valid}/, <expdir>/asr_multi/.

parts=(--part "original,${raw}/${clean_train_set}")
for set in "${train_simu_set}" ${train_real_set:+"${train_real_set}"}; do
    parts+=(--part "original,${raw}/${set}")
    for system in ${multi_style_systems}; do
        enhanced=$(observed_dir "${system}" "${multi_style_weight}")/${set}
        parts+=(--part "${system},${raw}/${set},${enhanced}/wav.scp")
    done
done
python3 -m espnet_kd.bin.join_sets --out "${raw}/multi_train${tag}" "${parts[@]}"
python3 -m espnet_kd.bin.combine_sets --drop_files spk1.scp --out "${raw}/multi_valid" \
    "${raw}/${valid_simu_set}" ${valid_real_set:+"${raw}/${valid_real_set}"}

init=()
if [ "${multi_style_from_clean}" = true ]; then
    init=(--init_param "${expdir}/asr_clean/${inference_asr_model}")
fi
train_asr "${expdir}/asr_multi${tag}" "${inference_asr_model}" "${asr_multi_config}" \
    "${raw}/multi_train${tag}" "${raw}/multi_valid" "${init[@]}"
