#!/usr/bin/env bash
# Stage 1: baseline, student and the student's control with more seeds.
# Reads: <dumpdir>/raw/{tr05_simu*_sp,kd_train,dt05_simu*} of a finished recipe (./run.sh).
# Writes: <expdir>/evidence/{baseline,student,baseline_continued}/seed<k>/. The first seed is that
#         of the recipe, whose trainings are linked.

[ "${train_controls}" = true ] && [ -z "${kd_config}" ] ||
    die "--train_controls: is needed, without --kd_config, to compare the student with its control"
for needed in "${systems[@]/%//${inference_se_model}}" scores/se scores/wer; do
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
for seed in "${@:2}"; do
    baseline=${evidence_dir}/baseline/seed${seed}
    student=${evidence_dir}/student/seed${seed}
    train_se "${baseline}" "${se_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" --seed "${seed}"
    init=()
    if [ "${student_init}" = baseline ]; then
        init=(--init_param "${baseline}/${inference_se_model}")
    fi
    train_se "${student}" "${student_config}" "${raw}/kd_train" "${raw}/${valid_simu_set}" \
        "${init[@]}" "${options[@]}" --seed "${seed}"
    train_se "${evidence_dir}/baseline_continued/seed${seed}" "${student_config}" \
        "${raw}/${train_simu_set}${suffix}" "${raw}/${valid_simu_set}" \
        "${init[@]}" --seed "${seed}" --steps_like "${student}"
done
