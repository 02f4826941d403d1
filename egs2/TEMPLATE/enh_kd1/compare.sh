#!/usr/bin/env bash
# Compare all KD methods with one small student and several seeds in exp/compare/RESULTS.md.
# Run ./run.sh first. Finished rows are kept: run this script again to continue, or run it in parts,
# e.g. with --methods "none cosine" --seeds 0. The options are those of run.sh.
set -euo pipefail
cd "$(dirname "$0")"
./run.sh --stage_dir compare "$@"
