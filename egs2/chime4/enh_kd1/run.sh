#!/usr/bin/env bash
# CHiME-4, one channel, the published sizes. Fill in db.sh first.
set -euo pipefail
cd "$(dirname "$0")"

./enh_kd.sh --report_opts "--published" "$@"
