#!/usr/bin/env bash
# Every KD method with one small student, several seeds, one table: exp/compare/RESULTS.md.
# Needs a finished ./run.sh. Finished rows are kept: run it again to go on, or in pieces, e.g.
# --methods "none cosine" --seeds 0. Options are those of run.sh.
set -euo pipefail
cd "$(dirname "$0")"
./run.sh --stage_dir compare "$@"
