#!/usr/bin/env bash
# Stage 2: train, enhance, score and recognize each method with each seed; finished rows are kept.
# Reads: <dumpdir>/raw/, <expdir>/{<kd_teacher>,asr_clean,<compare_asr>,lm}/, <kd_conf>/<method>.yaml.
# Writes: <expdir>/compare/<method>/seed<k>/, <expdir>/compare/scores/
#         (compare_<kd_teacher> for another --kd_teacher).

compare_row() {  # compare_row METHOD SEED
    local name=$1-seed$2 exp=${compare_dir}/$1/seed$2 set parts=()
    local num_threads=$(((num_threads + rows_at_once - 1) / rows_at_once))
    local inference_nj=${num_threads}
    train_student "${exp}" "${kd_conf}/$1.yaml" --seed "$2"
    score_signals "${name}" "${exp}"
    for set in "${valid_real_set}" "${test_real_set}"; do
        parts+=(--part "${name},${raw}/${set},${exp}/enhanced/${set}/wav.scp")
    done
    python3 -m espnet_kd.bin.join_sets --splits 1 --out "${exp}/joint" "${parts[@]}"
    recognize "${compare_asr}" "${exp}/joint" "${exp}/decode" "${compare_dir}/scores/wer"
    touch "${exp}/.finished"
}

for seed in ${seeds}; do
    for method in ${methods}; do
        exp=${compare_dir}/${method}/seed${seed}
        if [ -e "${exp}/.finished" ]; then continue; fi
        log "Method ${method}, seed ${seed}, log: ${exp}/row.log"
        start_row "${exp}/row.log" compare_row "${method}" "${seed}"
    done
done
wait
for seed in ${seeds}; do
    for method in ${methods}; do
        exp=${compare_dir}/${method}/seed${seed}
        [ -e "${exp}/.finished" ] || die "$(unfinished "${exp}/row.log")"
    done
done
