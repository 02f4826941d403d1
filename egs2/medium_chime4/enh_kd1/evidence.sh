#!/usr/bin/env bash
# Show whether the method pays: run the recipe, then its trainings with more seeds, and write
# EVIDENCE.md and its numbers. It continues where it was stopped:
# ./evidence.sh --hours 2    stops after two hours; run it again until the page is written.
# Other options are those of run.sh.
set -euo pipefail
cd "$(dirname "$0")"

hours=1000
if [ "${1:-}" = --hours ]; then
    [[ "${2:-}" =~ ^[0-9]+(\.[0-9]+)?$ ]] || {
        echo "error: --hours: '${2:-}' is not a number; write e.g. --hours 2" >&2
        exit 1
    }
    hours=$2
    shift 2
fi

part() {  # part NAME OPTION...: run once; after a stop, it continues
    local mark=exp/.evidence_$1 code=0 left
    shift
    if [ -e "${mark}" ]; then return; fi
    left=$(awk -v hours="${hours}" -v gone="${SECONDS}" 'BEGIN { print 3600 * hours - gone }')
    if [ "${left%.*}" -le 0 ]; then code=124; fi
    if [ "${code}" -eq 0 ]; then timeout --foreground "${left}" ./run.sh "$@" || code=$?; fi
    if [ "${code}" -eq 124 ]; then
        echo "Stopped after ${hours} hours; run ./evidence.sh again to continue."
        exit 0
    fi
    [ "${code}" -eq 0 ] || exit "${code}"
    mkdir -p exp
    touch "${mark}"
}

# Trainings and enhancement of a stage continue; other stages begin anew.
for stage in $(seq 15); do
    part "stage${stage}" --stage "${stage}" --stop_stage "${stage}" "$@"
done
for stage in $(seq 4); do
    part "seeds${stage}" --stage_dir evidence --stage "${stage}" --stop_stage "${stage}" "$@"
done
cp exp/evidence/EVIDENCE.md exp/evidence/evidence.tsv .
cp exp/RESULTS.md exp/sdr_distribution.png .
echo "Evidence: ${PWD}/EVIDENCE.md"
