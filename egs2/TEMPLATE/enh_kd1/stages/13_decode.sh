#!/usr/bin/env bash
# Stage 13: recognition of noisy, enhanced and clean dt/et speech by both recognizers.
# Reads: <dumpdir>/raw/<set>/, <expdir>/<system>/enhanced/<set>/, <expdir>/{asr_*,lm}/.
# Writes: <expdir>/asr_*/decode/<system>/<set>/text, <expdir>/scores/wer/<asr>/<system>/<set>/.

parts=()
for set in "${eval_sets[@]}"; do
    parts+=(--part "noisy,${raw}/${set}")
    for system in "${systems[@]}"; do
        parts+=(--part "${system},${raw}/${set},$(dir_of "${system}")/enhanced/${set}/wav.scp")
    done
done
for set in "${clean_valid_set}" "${clean_test_set}"; do
    parts+=(--part "clean,${raw}/${set}")
done
joint=${dumpdir}/eval_joint${tag}
python3 -m espnet_kd.bin.join_sets --splits "$(inference_jobs)" --out "${joint}" "${parts[@]}"
recognize asr_clean "${joint}" "${expdir}/asr_clean/decode${tag}" \
    "${expdir}/scores${tag}/wer/asr_clean"
recognize "asr_multi${tag}" "${joint}" "${expdir}/asr_multi${tag}/decode" \
    "${expdir}/scores${tag}/wer/asr_multi"
