#!/usr/bin/env bash
# Stage 7: pseudo-references: real speech enhanced by the teacher with the transcripts.
# With several channels of a recording, a beamformer combines what the teacher makes of each.
# With min_log_likelihood, the clean-condition recognizer judges them by the transcript.
# Reads: <dumpdir>/raw/tr05_real*, <expdir>/{teacher,asr_clean}/, data/<set>/channels.scp.
# Writes: <dumpdir>/pseudo/<set>/{wav.scp,spk1.scp,table.tsv,excluded.tsv,teacher.sha256,...};
#         with min_log_likelihood, <dumpdir>/gated/<set>/{gate.tsv,wav.scp,...}.

if [ -z "${train_real_set}" ]; then
    log "skipped: no real recordings"
    return
fi
enhance_in_jobs espnet_kd.bin.pseudo_reference "${expdir}/teacher/pseudo_reference" \
    --config "${expdir}/teacher/config.yaml" \
    --checkpoint "${expdir}/teacher/${inference_se_model}" --text_name text --align_name align \
    --sets "${raw}/${train_real_set}" --out "${dumpdir}/pseudo" \
    --method "${pseudo_reference}" --channels_from data --nj "${nj}"

if [ -n "${min_log_likelihood}" ]; then
    gated=${dumpdir}/gated/${train_real_set}
    infer "${gated}/gate.log" espnet_kd.bin.gate_references \
        --config "${expdir}/asr_clean/config.yaml" \
        --checkpoint "${expdir}/asr_clean/${inference_asr_model}" --nj "${inference_nj}" \
        --min_log_likelihood="${min_log_likelihood}" \
        --pseudo "${dumpdir}/pseudo/${train_real_set}" --out "${gated}"
fi
