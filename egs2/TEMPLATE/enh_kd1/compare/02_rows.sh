#!/usr/bin/env bash
# Stage 2: each method with each seed: train, enhance, score, recognize. Finished rows are kept.
# Reads: <dumpdir>/raw/, <expdir>/{<kd_teacher>,asr_clean,<compare_asr>,lm}/, <kd_conf>/<method>.yaml.
# Writes: <expdir>/compare/<method>/seed<k>/, <expdir>/compare/scores/.

compare_row() {  # compare_row METHOD SEED
    local name=$1-seed$2 exp=${expdir}/compare/$1/seed$2 scores=${expdir}/compare/scores
    local set jobs=() parts=()
    train_student "${exp}" "${kd_conf}/$1.yaml" --seed "$2"
    python3 -m espnet_kd.bin.enhance --config "${exp}/config.yaml" \
        --checkpoint "${exp}/${inference_se_model}" --out "${exp}/enhanced" \
        --ngpu "${inference_ngpu}" --nj 1 --sets "${eval_sets[@]/#/${raw}/}"

    for set in "${valid_simu_set}" "${test_simu_set}"; do
        jobs+=(--job "${name}:${raw}/${set}:${exp}/enhanced/${set}/wav.scp:${scores}/se/${name}/${set}")
    done
    python3 -m espnet_kd.bin.score_se "${jobs[@]}"
    jobs=()
    for set in "${valid_real_set}" "${test_real_set}"; do
        jobs+=(--job "${name}:${raw}/${set}:${exp}/enhanced/${set}/wav.scp:${scores}/truth/${name}/${set}")
        parts+=(--part "${name},${raw}/${set},${exp}/enhanced/${set}/wav.scp")
    done
    if [ -n "${truth_dir}" ]; then
        python3 -m espnet_kd.bin.score_se --partial \
            --ref_scp "${expdir}/scores/true_images/{set}/spk1.scp" "${jobs[@]}"
    fi
    python3 -m espnet_kd.bin.join_sets --splits 1 --out "${exp}/joint" "${parts[@]}"
    recognize "${compare_asr}" "${exp}/joint" 1 "${exp}/decode" "${scores}/wer"
    touch "${exp}/.finished"
}

num_threads=$(((num_threads + rows_at_once - 1) / rows_at_once))
for seed in ${seeds}; do
    for method in ${methods}; do
        exp=${expdir}/compare/${method}/seed${seed}
        if [ -e "${exp}/.finished" ]; then continue; fi
        while [ "$(jobs -rp | wc -l)" -ge "${rows_at_once}" ]; do wait -n || true; done
        log "Method ${method}, seed ${seed}, log: ${exp}/row.log"
        mkdir -p "${exp}"
        compare_row "${method}" "${seed}" > "${exp}/row.log" 2>&1 &
    done
done
wait
for seed in ${seeds}; do
    for method in ${methods}; do
        exp=${expdir}/compare/${method}/seed${seed}
        [ -e "${exp}/.finished" ] || die "${exp}/row.log: the row did not finish: $(tail -n 1 "${exp}/row.log")"
    done
done
