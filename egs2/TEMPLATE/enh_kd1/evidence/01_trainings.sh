#!/usr/bin/env bash
# Stage 1: baseline, student and the student's control with more seeds.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,kd_train,dt05_simu*}, <expdir>/<system>/ (./run.sh).
# Writes: <expdir>/evidence/{baseline,student,baseline_continued}/seed<k>/. The first seed is that
#         of the recipe, whose trainings are linked.

[ "${train_controls}" = true ] && [ -z "${kd_config}" ] ||
    die "--train_controls: is needed, without --kd_config, to compare the student with its control"
for needed in "${systems[@]/%//${inference_se_model}}"; do
    [ -e "${expdir}/${needed}" ] || die "${expdir}/${needed}: does not exist; run ./run.sh first"
done

options=()
real_speech_weight
# shellcheck disable=SC2086  # seeds are words
set -- ${seeds}
for system in "${systems[@]}"; do
    mkdir -p "${evidence_dir}/${system}"
    ln -sfn "$(realpath "${expdir}/${system}")" "${evidence_dir}/${system}/seed$1"
done
train_seed() {  # train_seed SEED
    local num_threads=$(((num_threads + rows_at_once - 1) / rows_at_once)) init=()
    local baseline=${evidence_dir}/baseline/seed$1 student=${evidence_dir}/student/seed$1
    train_se "${baseline}" "${se_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" --seed "$1"
    if [ "${student_init}" = baseline ]; then
        init=(--init_param "${baseline}/${inference_se_model}")
    fi
    train_se "${student}" "${student_config}" "${raw}/kd_train" "${raw}/${valid_simu_set}" \
        "${init[@]}" "${options[@]}" --seed "$1"
    train_se "${evidence_dir}/baseline_continued/seed$1" "${student_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" \
        "${init[@]}" --seed "$1" --steps_like "${student}"
}

for seed in "${@:2}"; do
    log "Seed ${seed}, log: ${evidence_dir}/seed${seed}.log"
    start_row "${evidence_dir}/seed${seed}.log" train_seed "${seed}"
done
wait
for seed in "${@:2}"; do
    trained=${evidence_dir}/baseline_continued/seed${seed}/${inference_se_model}
    [ -e "${trained}" ] || die "$(unfinished "${evidence_dir}/seed${seed}.log")"
done
