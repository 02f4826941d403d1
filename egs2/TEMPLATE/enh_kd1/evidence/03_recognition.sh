#!/usr/bin/env bash
# Stage 3: recognition of all seeds, without and with observation adding. Scores of the first seed are
# the recipe's. Weights are those that the recipe chose on the dt sets, with its own seed.
# Reads: <expdir>/evidence/<system>/seed<k>/, <expdir>/asr_*/,
#        <expdir>/scores/{observation,wer}/<asr>/.
# Writes: <expdir>/evidence/scores/wer/<asr>/<system>[_oa]-seed<k>/<set>/.

[ -e "${expdir}/scores/wer" ] || die "${expdir}/scores/wer: does not exist; run ./run.sh first"
# shellcheck disable=SC2086  # seeds are words
set -- ${seeds}
compared=(baseline_continued student)
read -ra adding <<< "${observation_systems}"
declare -A chosen=()
for asr in asr_clean asr_multi; do
    choose_weights "${asr}" "${expdir}/scores/observation/${asr}" "${adding[@]}"
done

declare -A seen=()
jobs=()
for choice in "${!chosen[@]}"; do
    system=${choice#*/} weight=${chosen[${choice}]}
    if [ "${weight}" = 1 ] || [ -n "${seen[${system}/${weight}]:-}" ]; then continue; fi
    seen[${system}/${weight}]=1
    for seed in "${@:2}"; do
        for set in "${eval_sets[@]}"; do
            add_sum "${evidence_dir}/${system}/seed${seed}" "${set}" "${weight}"
        done
    done
done
if [ ${#jobs[@]} -gt 0 ]; then
    python3 -m espnet_kd.bin.add_observation --nj "${nj}" "${jobs[@]}"
fi

for asr in asr_clean asr_multi; do
    link_scores "wer/${asr}" noisy noisy
    for system in "${compared[@]}"; do link_scores "wer/${asr}" "${system}" "${system}-seed$1"; done
    for system in "${adding[@]/%/_oa}"; do
        link_scores "wer/${asr}" "${system}" "${system}-seed$1"
    done
    parts=()
    for seed in "${@:2}"; do
        for set in "${eval_sets[@]}"; do
            for system in "${compared[@]}"; do
                enhanced=${evidence_dir}/${system}/seed${seed}/enhanced/${set}
                parts+=(--part "${system}-seed${seed},${raw}/${set},${enhanced}/wav.scp")
            done
            for system in "${adding[@]}"; do
                weight=${chosen[${asr}/${system}]}
                enhanced=${evidence_dir}/${system}/seed${seed}/observation/${weight}/${set}
                if [ "${weight}" = 1 ]; then
                    enhanced=${evidence_dir}/${system}/seed${seed}/enhanced/${set}
                fi
                parts+=(--part "${system}_oa-seed${seed},${raw}/${set},${enhanced}/wav.scp")
            done
        done
    done
    if [ ${#parts[@]} -eq 0 ]; then continue; fi
    joint=${dumpdir}/evidence_joint_${asr}
    python3 -m espnet_kd.bin.join_sets --splits "$(inference_jobs)" --out "${joint}" "${parts[@]}"
    recognize "${asr}" "${joint}" "${evidence_dir}/decode/${asr}" "${evidence_dir}/scores/wer/${asr}"
done
