#!/usr/bin/env bash
# Options of enh_kd.sh for the embedded corpora: model sizes for two CPU cores. Sourced by run.sh.

# shellcheck disable=SC2034  # used by run.sh
options=(
    --check_audio true
    --channels 5
    --se_config conf/mini/se/conv_tasnet.yaml
    --aligner_config conf/mini/asr/ctc_aligner.yaml
    --teacher_config conf/mini/se/text_informed_tcn_film.yaml
    --student_config conf/mini/se/conv_tasnet_continued.yaml
    --student_init baseline
    --min_log_likelihood -inf
    --train_controls true
    --kd_conf conf/mini/kd
    --kd_clusters 64
    --asr_config conf/mini/asr/conformer.yaml
    --asr_multi_config conf/mini/asr/conformer_multi.yaml
    --multi_style_from_clean true
    --lm_config conf/mini/lm/char_rnn.yaml
    --inference_config conf/mini/asr/decode.yaml
)
