#!/usr/bin/env bash
# Run the recipe on the embedded corpus, a small CHiME-4 that stage 1 makes, with model sizes for
# two CPU cores.
set -euo pipefail
cd "$(dirname "$0")"
. ./db.sh

./enh_kd.sh \
    --check_audio true \
    --channels 5 \
    --se_config conf/mini/se/conv_tasnet.yaml \
    --aligner_config conf/mini/asr/ctc_aligner.yaml \
    --teacher_config conf/mini/se/text_informed_tcn_aligned.yaml \
    --student_config conf/mini/se/conv_tasnet.yaml \
    --kd_conf conf/mini/kd \
    --kd_clusters 64 \
    --asr_config conf/mini/asr/conformer.yaml \
    --asr_multi_config conf/mini/asr/conformer_multi.yaml \
    --multi_style_from_clean true \
    --lm_config conf/mini/lm/char_rnn.yaml \
    --inference_config conf/mini/asr/decode.yaml \
    --truth_dir "${TRUTH}" \
    "$@"
