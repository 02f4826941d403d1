#!/usr/bin/env bash
# Stage 11: PESQ, STOI, SDR, SI-SNR where there is a true reference.
# Reads: <dumpdir>/raw/<set>/{wav.scp,spk1.scp}, <expdir>/<system>/enhanced*/<set>/wav.scp.
# Writes: <expdir>/scores/se/<system>/<set>/scores.tsv.

jobs=()
add_score_job() {  # add_score_job SYSTEM SET WAV_SCP
    jobs+=(--job "$1:${raw}/$2:$3:${expdir}/scores/se/$1/$2")
}

for set in "${eval_sets[@]}"; do
    add_score_job noisy "${set}" "${raw}/${set}/wav.scp"
    for system in baseline teacher student; do
        add_score_job "${system}" "${set}" "${expdir}/${system}/enhanced/${set}/wav.scp"
    done
done
for set in "${valid_simu_set}" "${test_simu_set}"; do
    add_score_job teacher_wrong_text "${set}" \
        "${expdir}/teacher/enhanced_wrong_text/${set}/wav.scp"
done
python3 -m espnet_kd.bin.score_se --nj "${nj}" "${jobs[@]}"
