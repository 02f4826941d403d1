#!/usr/bin/env bash
# Stage 2: length filter, speed-perturbation lists, shapes, tokens, exchanged transcripts.
# Reads: data/<set>/, and additional text for the language model if there is any.
# Writes: <dumpdir>/raw/<set>[_sp]/, <dumpdir>/token_list/. No audio is written.
#         With additional text: <dumpdir>/raw/<clean training set>_other_text/.

python3 -m espnet_kd.bin.prepare_dump --data data --dump "${raw}" --nj "${nj}" \
    --sets "${train_simu_set}" ${train_real_set:+"${train_real_set}"} "${clean_train_set}" \
    --test_sets "${eval_sets[@]}" "${clean_valid_set}" "${clean_test_set}" \
    --speed_perturb_factors "${speed_perturb_factors}" --speed_sets "${train_simu_set}" \
    --min_wav_duration "${min_wav_duration}" --max_wav_duration "${max_wav_duration}" \
    --token_type "${token_type}" --nbpe "${nbpe}" --token_list "${tokens}" \
    --token_sets "${clean_train_set}" "${train_simu_set}" ${train_real_set:+"${train_real_set}"}
python3 -m espnet_kd.bin.exchange_text \
    --sets "${raw}/${valid_simu_set}" "${raw}/${test_simu_set}"
more=$(more_lm_text)
if [ -n "${more}" ]; then
    python3 -m espnet_kd.bin.join_lm_text "${token_options[@]}" \
        --text "${raw}/${clean_train_set}/text" "${more}" \
        --out "${raw}/${clean_train_set}_other_text"
fi
