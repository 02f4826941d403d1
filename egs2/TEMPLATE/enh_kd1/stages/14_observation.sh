#!/usr/bin/env bash
# Stage 14: observation adding: noisy speech is mixed back into enhanced speech.
# Its weight is chosen on the dt sets, for each recognizer and system, by greedy CTC decoding.
# Reads: <dumpdir>/raw/<set>/, <expdir>/<system>/enhanced/<set>/, <expdir>/{asr_*,lm}/.
# Writes: <expdir>/<system>/observation/<weight>/<set>/, <expdir>/scores/observation/<asr>/,
#         <expdir>/scores/wer/<asr>/<system>_oa/<set>/.

if [ -z "${observation_weights}" ]; then
    log "No observation adding, since --observation_weights is empty"
    return
fi
dt=("${valid_simu_set}" ${valid_real_set:+"${valid_real_set}"})
read -ra adding <<< "${observation_systems}"

jobs=()
for system in "${adding[@]}"; do
    for weight in ${observation_weights}; do
        for set in "${dt[@]}"; do
            add_sum "$(dir_of "${system}")" "${set}" "${weight}"
        done
    done
done
python3 -m espnet_kd.bin.add_observation --nj "${nj}" "${jobs[@]}"

declare -A chosen=() seen=()
for asr in asr_clean asr_multi; do
    exp=${expdir}/${asr}
    if [ "${asr}" = asr_multi ]; then exp=${exp}${tag}; fi
    texts=${exp}/decode_ctc${tag}
    scores=${expdir}/scores${tag}/observation/${asr}
    jobs=()
    score_jobs=()
    add_job() {  # add_job SYSTEM WEIGHT SET DIR
        local name=$1/$2/$3
        jobs+=(--job "$4:${texts}/${name}/text")
        score_jobs+=(--job "${texts}/${name}/text:${raw}/$3:${scores}/${name}")
    }
    for set in "${dt[@]}"; do
        add_job noisy 0 "${set}" "${raw}/${set}"
        for system in "${adding[@]}"; do
            for weight in ${observation_weights} 1; do
                add_job "${system}" "${weight}" "${set}" \
                    "$(observed_dir "${system}" "${weight}")/${set}"
            done
        done
    done
    log "Recognizing ${dt[*]} with ${asr} at each weight, log: ${texts}/recognize.log"
    infer "${texts}/recognize.log" espnet_kd.bin.recognize_ctc --config "${exp}/config.yaml" \
        --checkpoint "${exp}/${inference_asr_model}" --nj "${inference_nj}" "${jobs[@]}"
    python3 -m espnet_kd.bin.score_wer --nlsyms_txt "${nlsyms}" "${score_jobs[@]}" \
        > "${texts}/score.log"
    choose_weights "${asr}" "${scores}" "${adding[@]}"
done

jobs=()
for asr in asr_clean asr_multi; do
    for system in "${adding[@]}"; do
        weight=${chosen[${asr}/${system}]}
        log "${asr}, ${system}: weight ${weight}"
        if [ "${weight}" = 1 ] || [ -n "${seen[${system}/${weight}]:-}" ]; then continue; fi
        seen[${system}/${weight}]=1
        for set in "${eval_sets[@]}"; do
            add_sum "$(dir_of "${system}")" "${set}" "${weight}"
        done
    done
done
if [ ${#jobs[@]} -gt 0 ]; then
    python3 -m espnet_kd.bin.add_observation --nj "${nj}" "${jobs[@]}"
fi

for asr in asr_clean asr_multi; do
    parts=()
    for system in "${adding[@]}"; do
        directory=$(observed_dir "${system}" "${chosen[${asr}/${system}]}")
        for set in "${eval_sets[@]}"; do
            parts+=(--part "${system}_oa,${raw}/${set},${directory}/${set}/wav.scp")
        done
    done
    joint=${dumpdir}/eval_joint${tag}_oa_${asr}
    python3 -m espnet_kd.bin.join_sets --splits "$(inference_jobs)" --out "${joint}" "${parts[@]}"
    if [ "${asr}" = asr_clean ]; then
        recognize asr_clean "${joint}" "${expdir}/asr_clean/decode${tag}_oa" \
            "${expdir}/scores${tag}/wer/asr_clean"
    else
        recognize "asr_multi${tag}" "${joint}" "${expdir}/asr_multi${tag}/decode_oa" \
            "${expdir}/scores${tag}/wer/asr_multi"
    fi
done
