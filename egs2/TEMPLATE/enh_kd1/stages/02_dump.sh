#!/usr/bin/env bash
# Stage 2: length filter, speed-perturbation lists, shapes, tokens, exchanged transcripts.
# Reads: data/<set>/, and lm_text if it is there.
# Writes: <dumpdir>/raw/<set>[_sp]/, <dumpdir>/token_list/. No audio is written.
#         With lm_text: <dumpdir>/raw/<clean training set>_other_text/, of the language model.

python3 -m espnet_kd.bin.prepare_dump --data data --dump "${raw}" --nj "${nj}" \
    --sets "${train_simu_set}" "${train_real_set}" "${clean_train_set}" \
    --test_sets "${eval_sets[@]}" "${clean_valid_set}" "${clean_test_set}" \
    --speed_perturb_factors "${speed_perturb_factors}" --speed_sets "${train_simu_set}" \
    --min_wav_duration "${min_wav_duration}" --max_wav_duration "${max_wav_duration}" \
    --token_type "${token_type}" --nbpe "${nbpe}" --token_list "${tokens}" \
    --token_sets "${clean_train_set}" "${train_simu_set}" "${train_real_set}"
python3 -m espnet_kd.bin.exchange_text \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"
if [ -e "${lm_text}" ]; then
    python3 -m espnet_kd.bin.join_lm_text "${token_options[@]}" \
        --text "${raw}/${clean_train_set}/text" "${lm_text}" \
        --out "${raw}/${clean_train_set}_other_text"
fi
