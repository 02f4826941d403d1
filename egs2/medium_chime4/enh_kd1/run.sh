#!/usr/bin/env bash
# Run the recipe on a larger embedded corpus, with 1000 utterances in each dt and et set, and with
# trainings that go on until they converge. It takes hours; evidence.sh runs it in parts.
set -euo pipefail
cd "$(dirname "$0")"
. ./db.sh
. local/options.sh

./enh_kd.sh "${options[@]}" --local_data_opts "--scale medium" \
    --se_config conf/medium/se/conv_tasnet.yaml \
    --teacher_config conf/medium/se/text_informed_tcn_film.yaml \
    --student_config conf/medium/se/conv_tasnet_continued.yaml \
    --se_metrics "sdr si_snr" \
    --observation_systems student --observation_weights "0.3 0.5 0.7 snr5" \
    --decoder ctc_greedy --truth_dir "${TRUTH}" "$@"
