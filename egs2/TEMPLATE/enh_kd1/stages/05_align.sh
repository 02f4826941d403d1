#!/usr/bin/env bash
# Stage 5: CTC aligner, which finds when each token of a transcript is spoken.
# Reads: <dumpdir>/raw/<sets>, <dumpdir>/token_list/, <expdir>/asr_clean/ (initial weights).
# Writes: <expdir>/aligner/, <dumpdir>/raw/<set>[_sp]/align,
#         align_exchanged of the simulated dt/et sets (control with exchanged text).

python3 -m espnet_kd.bin.combine_sets --drop_files spk1.scp --out "${raw}/align_train" \
    "${raw}/${clean_train_set}" "${raw}/${train_simu_set}" \
    ${train_real_set:+"${raw}/${train_real_set}"}
python3 -m espnet_kd.bin.combine_sets --drop_files spk1.scp --out "${raw}/align_valid" \
    "${raw}/${valid_simu_set}" ${valid_real_set:+"${raw}/${valid_real_set}"}

clean=${expdir}/asr_clean/${inference_asr_model}
train_asr "${expdir}/aligner" "${inference_aligner_model}" "${aligner_config}" \
    "${raw}/align_train" "${raw}/align_valid" \
    --init_param "${clean}:encoder:encoder" "${clean}:ctc:ctc"

align() {  # align LOG OPTION...
    infer "${expdir}/aligner/$1" espnet_kd.bin.align --config "${expdir}/aligner/config.yaml" \
        --checkpoint "${expdir}/aligner/${inference_aligner_model}" --nj "${inference_nj}" "${@:2}"
}
sets=("${train_simu_set}" ${train_real_set:+"${train_real_set}"} "${eval_sets[@]}")
align align.log --sets "${sets[@]/#/${raw}/}"
align align_exchanged.log --text_name text_exchanged --out_name align_exchanged \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"
if [ -n "${suffix}" ]; then
    python3 -m espnet_kd.bin.align --scale_from "${raw}/${train_simu_set}" \
        --sets "${raw}/${train_simu_set}${suffix}"
fi
