#!/usr/bin/env bash
# Stage 13: recognition of noisy, enhanced and clean dt/et speech by both recognizers.
# Reads: <dumpdir>/raw/<set>/, <expdir>/<system>/enhanced/<set>/, <expdir>/{asr_*,lm}/.
# Writes: <expdir>/asr_*/decode/<system>/<set>/text, <expdir>/scores/wer/<asr>/<system>/<set>/.

parts=()
for set in "${eval_sets[@]}"; do
    parts+=(--part "noisy,${raw}/${set}")
    for system in baseline student; do
        parts+=(--part "${system},${raw}/${set},${expdir}/${system}/enhanced/${set}/wav.scp")
    done
done
for set in "${clean_valid_set}" "${clean_test_set}"; do
    parts+=(--part "clean,${raw}/${set}")
done
joint=${dumpdir}/eval_joint
python3 -m espnet_kd.bin.join_sets --splits "${inference_nj}" --out "${joint}" "${parts[@]}"

lm_options=()
if [ "${use_lm}" = true ]; then
    lm_options=(--lm_train_config "${expdir}/lm/config.yaml" --lm_file "${expdir}/lm/${inference_lm}")
fi
jobs=()
for asr in asr_clean asr_multi; do
    out=${expdir}/${asr}/decode
    log "Decoding with ${asr}, logs: ${out}/asr_inference.*.log"
    # shellcheck disable=SC2086  # a launcher is a command with its options
    ${decode_cmd} --gpu "${inference_ngpu}" JOB=1:"${inference_nj}" \
        "${out}/asr_inference.JOB.log" \
        python3 -m espnet_kd.bin.stock espnet2.bin.asr_inference --config "${inference_config}" \
        --ngpu "${inference_ngpu}" --output_dir "${out}/output.JOB" \
        --data_path_and_name_and_type "${joint}/wav.scp,speech,sound" \
        --key_file "${joint}/keys.JOB.scp" \
        --asr_train_config "${expdir}/${asr}/config.yaml" \
        --asr_model_file "${expdir}/${asr}/${inference_asr_model}" "${lm_options[@]}"

    hypotheses=()
    for job in $(seq "${inference_nj}"); do
        hypotheses+=("${out}/output.${job}/1best_recog/text")
    done
    python3 -m espnet_kd.bin.split_hypotheses --out "${out}" --hyp "${hypotheses[@]}"
    for text in "${out}"/*/*/text; do
        scored=${text#"${out}/"}  # <system>/<set>/text
        scored=${scored%/text}
        case "${scored}" in output.*) continue ;; esac
        jobs+=(--job "${text}:${raw}/${scored#*/}:${expdir}/scores/wer/${asr}/${scored}")
    done
done
python3 -m espnet_kd.bin.score_wer --nlsyms_txt "${nlsyms}" "${jobs[@]}"
