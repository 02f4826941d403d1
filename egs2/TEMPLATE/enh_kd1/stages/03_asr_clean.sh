#!/usr/bin/env bash
# Stage 3: clean-condition recognizer and language model.
# Reads: <dumpdir>/raw/<clean sets>, <dumpdir>/token_list/; with additional text for the language
#        model, <dumpdir>/raw/<clean training set>_other_text/.
# Writes: <expdir>/lm/, <expdir>/asr_clean/.

if [ "${use_lm}" = true ]; then
    data=()
    lm_train_set=${clean_train_set}
    if [ -n "$(more_lm_text)" ]; then lm_train_set=${clean_train_set}_other_text; fi
    log "The language model is trained on ${raw}/${lm_train_set}/text"
    for kind in train valid; do
        set=${lm_train_set}
        if [ "${kind}" = valid ]; then set=${clean_valid_set}; fi
        add_data "${kind}" "${raw}/${set}" text,text,text
        add_shapes "${kind}" "${raw}/${set}" "text_shape.${token_type}"
    done
    # shellcheck disable=SC2086  # options are words
    train_model "${expdir}/lm" "${inference_lm}" \
        espnet_kd.bin.stock espnet2.bin.lm_train --config "${lm_config}" \
        "${token_options[@]}" --non_linguistic_symbols "${nlsyms}" "${data[@]}" ${asr_args}
fi

train_asr "${expdir}/asr_clean" "${inference_asr_model}" "${asr_config}" \
    "${raw}/${clean_train_set}" "${raw}/${clean_valid_set}"
