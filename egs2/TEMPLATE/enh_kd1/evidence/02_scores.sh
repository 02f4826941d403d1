#!/usr/bin/env bash
# Stage 2: SE scores of all seeds; those of the first one are the recipe's.
# Reads: <dumpdir>/raw/<set>/, <expdir>/evidence/<system>/seed<k>/, <expdir>/scores/{se,truth}/.
# Writes: <expdir>/evidence/<system>/seed<k>/enhanced/<set>/,
#         <expdir>/evidence/scores/{se,truth}/<system>-seed<k>/<set>/.

score_evidence() {  # score_evidence KIND OPTION... -- SET...
    local kind=$1 options=() jobs=() set name
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    for set in "${@:2}"; do
        for name in "${names[@]}"; do
            jobs+=(--job "${name/\//-}:${raw}/${set}:${evidence_dir}/${name}/enhanced/${set}/wav.scp:${evidence_dir}/scores/${kind}/${name/\//-}/${set}")
        done
    done
    # shellcheck disable=SC2086  # metrics are words
    python3 -m espnet_kd.bin.score_se --nj "${nj}" --metrics ${se_metrics} \
        "${options[@]}" "${jobs[@]}"
}

[ -e "${expdir}/scores/se" ] || die "${expdir}/scores/se: does not exist; run ./run.sh first"
# shellcheck disable=SC2086  # seeds are words
set -- ${seeds}
names=()  # <system>/seed<k>
for system in baseline_continued student; do
    for seed in "${@:2}"; do names+=("${system}/seed${seed}"); done
    for kind in se truth; do link_scores "${kind}" "${system}" "${system}-seed$1"; done
done
if [ ${#names[@]} -eq 0 ]; then return; fi
all=()
for name in "${names[@]}"; do
    exp=${evidence_dir}/${name}
    if [ ${#all[@]} -gt 0 ]; then all+=(--and); fi
    all+=(--config "${exp}/config.yaml" --checkpoint "${exp}/${inference_se_model}"
        --out "${exp}/enhanced" --sets "${eval_sets[@]/#/${raw}/}")
done
enhance_in_jobs espnet_kd.bin.enhance "${evidence_dir}/enhance/enhance" "${all[@]}"

score_evidence se -- "${valid_simu_set}" "${test_simu_set}"
if [ -n "${truth_dir}" ]; then
    score_evidence truth --partial --ref_scp "${expdir}/scores/true_images/{set}/spk1.scp" \
        -- "${valid_real_set}" "${test_real_set}"
fi
