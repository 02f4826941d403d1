#!/usr/bin/env bash
# Stage 4: page with the differences that the method is judged by.
# Reads: <expdir>/evidence/scores/, <expdir>/scores/{se,truth}/ (noisy speech, teacher and its
#        controls), <expdir>/*/config.yaml.
# Writes: <expdir>/evidence/EVIDENCE.md, <expdir>/evidence/evidence.tsv (its numbers).

for system in noisy teacher teacher_no_text teacher_wrong_text pseudo_reference; do
    for kind in se truth; do link_scores "${kind}" "${system}" "${system}"; done
done
# shellcheck source=/dev/null
. ./db.sh
python3 -m espnet_kd.bin.evidence --root "${evidence_dir}" --decoder "${decoder}" \
    --simu_sets "${valid_simu_set}" "${test_simu_set}" \
    --real_sets "${valid_real_set}" "${test_real_set}" --train_real_set "${train_real_set}" \
    --training "${expdir}"/*/config.yaml "${evidence_dir}"/*/seed*/config.yaml \
    --corpus "${CHIME4:-}" --command "./enh_kd.sh ${command_line}"
echo
cat "${evidence_dir}/EVIDENCE.md"
echo
log "Evidence: ${PWD}/${evidence_dir}/EVIDENCE.md"
