#!/usr/bin/env bash
# Directory that holds clean_trainset_28spk_wav, noisy_trainset_28spk_wav, trainset_28spk_txt,
# clean_testset_wav, noisy_testset_wav and testset_txt.
VCTK_NOISY=${VCTK_NOISY:-}
