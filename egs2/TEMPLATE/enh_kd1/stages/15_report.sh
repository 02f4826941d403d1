#!/usr/bin/env bash
# Stage 15: report with tables, a figure, model sizes and speed; a page to listen to.
# Reads: <expdir>/scores/ (its truth/ only with truth_dir), <dumpdir>/pseudo/<set>/table.tsv,
#        <expdir>/<system>/, and scale and seed of the embedded corpus if db.sh names it.
# Writes: <expdir>/RESULTS.md, its figure, <expdir>/listen.html.

models=()
for system in "${systems[@]}" "${teachers[@]}"; do
    exp=$(dir_of "${system}")
    models+=("${system}:${exp}/config.yaml:${exp}/${inference_se_model}")
done
others=()
for model in asr_clean "asr_multi${tag}" aligner lm; do
    if [ -e "${expdir}/${model}/config.yaml" ]; then
        others+=("${model%"${tag}"}:${expdir}/${model}/config.yaml")
    fi
done
# shellcheck source=/dev/null
. ./db.sh
truth=()
if [ -n "${truth_dir}" ] && [ -n "${train_real_set}" ]; then truth=(--truth_root "${expdir}/scores${tag}/truth"); fi
gate=()
if [ -n "${min_log_likelihood}" ] && [ -n "${train_real_set}" ]; then
    gate=(--gate "${dumpdir}/gated/${train_real_set}/gate.tsv")
fi
# shellcheck disable=SC2086  # options are words
OMP_NUM_THREADS=${num_threads} python3 -m espnet_kd.bin.report --out "${expdir}/RESULTS${tag}.md" \
    --se_root "${expdir}/scores${tag}/se" --wer_root "${expdir}/scores${tag}/wer" \
    "${truth[@]}" "${gate[@]}" \
    --simu_sets "${valid_simu_set}" "${test_simu_set}" \
    --real_sets ${valid_real_set:+"${valid_real_set}"} ${test_real_set:+"${test_real_set}"} \
    --clean_sets "${clean_valid_set}" "${clean_test_set}" --train_real_set "${train_real_set}" \
    --pseudo ${train_real_set:+"${dumpdir}/pseudo/${train_real_set}"} \
    --decoder "${decoder}" --observation_root "${expdir}/scores${tag}/observation" \
    --training "${expdir}"/*/config.yaml --model "${models[@]}" --model_set "${raw}/${valid_simu_set}" \
    --other_model "${others[@]}" --corpus "${CHIME4:-}" \
    --command "./enh_kd.sh ${command_line}" ${report_opts}

listened=(--system "noisy:${raw}/{set}/wav.scp")
for system in baseline teacher student; do
    listened+=(--system "${system}:$(dir_of "${system}")/enhanced/{set}/wav.scp")
done
python3 -m espnet_kd.bin.listen --out "${expdir}/listen${tag}.html" "${listened[@]}" \
    --sets "${eval_sets[@]/#/${raw}/}"

echo
cat "${expdir}/RESULTS${tag}.md"
echo
log "Results: ${PWD}/${expdir}/RESULTS${tag}.md"
log "Listen:  ${PWD}/${expdir}/listen${tag}.html"
