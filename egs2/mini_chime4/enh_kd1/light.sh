#!/usr/bin/env bash
# Train a light, causal student, GTCRN of 24 thousand weights, on the pseudo-references of ./run.sh,
# beside the same model trained as long without them, with three seeds. Run ./run.sh first.
# It writes exp_light/evidence/EVIDENCE.md and continues where it was stopped. Other options are those
# of run.sh.
set -euo pipefail
cd "$(dirname "$0")"

for model in teacher teacher_no_text asr_clean; do
    if [ ! -d "exp/${model}" ]; then
        echo "error: exp/${model}: does not exist; run ./run.sh first" >&2
        exit 1
    fi
    mkdir -p exp_light
    ln -sfn "../exp/${model}" "exp_light/${model}"
done

light() {  # light OPTION...: stages of the recipe with the light student
    ./run.sh --expdir exp_light --se_config conf/mini/se/gtcrn_published.yaml \
        --student_config conf/mini/se/gtcrn_published_continued.yaml --mixed_batches true \
        --multi_style_systems "" --observation_systems "" "$@"
}

light --stage 4 --stop_stage 4 "$@"                        # baseline
light --stage 8 --stop_stage 8 "$@"                        # student and its control
light --stage 10 --stop_stage 11 "$@"                      # their scores
light --stage_dir evidence --stage 1 --stop_stage 2 "$@"   # more seeds
light --stage_dir evidence --stage 4 "$@"                  # the page
