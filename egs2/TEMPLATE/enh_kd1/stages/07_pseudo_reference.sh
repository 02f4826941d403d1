#!/usr/bin/env bash
# Stage 7: pseudo-references: real speech enhanced by the teacher with the transcripts.
# With several channels of a recording, a beamformer combines what the teacher makes of each.
# Reads: <dumpdir>/raw/{tr05_real*,dt05_real*}, <expdir>/teacher/, data/<set>/channels.scp.
# Writes: <dumpdir>/pseudo/<set>/{wav.scp,spk1.scp,table.tsv,excluded.tsv,teacher.sha256,...}.

enhance_in_jobs espnet_kd.bin.pseudo_reference "${expdir}/teacher/pseudo_reference" \
    --config "${expdir}/teacher/config.yaml" \
    --checkpoint "${expdir}/teacher/${inference_se_model}" --text_name text --align_name align \
    --sets "${raw}/${train_real_set}" "${raw}/${valid_real_set}" --out "${dumpdir}/pseudo" \
    --method "${pseudo_reference}" --channels_from data --nj "${nj}"
