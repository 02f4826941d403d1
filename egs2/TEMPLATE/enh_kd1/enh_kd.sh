#!/usr/bin/env bash
# Knowledge distillation (KD) for speech enhancement (SE), evaluated by SE scores and word error
# rate. Run by a recipe's run.sh in the recipe's directory. Every variable below is an option:
# `--nj 8` sets nj. `--stage 5` starts at stage 5; `--stage 5 --stop_stage 5` runs only stage 5.
set -euo pipefail

### options: name=default  # meaning
# General
stage=1                       # first stage to run
stop_stage=100                # last stage to run
stage_dir=stages              # stages: the recipe; after it, compare: a comparison of all KD methods; evidence: the recipe's comparison with more seeds
ngpu=                         # GPUs per training (default: 1 if one is visible, else 0)
num_threads=$(nproc)          # threads per training
nj=$(nproc)                   # processes for data preparation and scoring
inference_nj=$(nproc)         # processes for enhancement and decoding on the CPU; on GPUs, one per GPU
gpu_inference=                # enhance and decode on a GPU (default: true if ngpu > 0)
dumpdir=dump                  # directory for prepared sets
expdir=exp                    # directory for models, enhanced speech and scores
# Data
local_data_opts=              # options for local/data.sh, e.g. "--allow_partial true"
channels="1 2 3 4 5 6"        # microphones in the training sets
check_audio=false             # read all samples and reject silent or invalid files
speed_perturb_factors="0.9 1.0 1.1"  # speeds for SE training; "1.0" disables speed perturbation
min_wav_duration=0.1          # drop shorter utterances from training sets (seconds)
max_wav_duration=20           # drop longer utterances from training sets (seconds)
train_simu_set=tr05_simu_isolated_1ch_track  # simulated, with references
train_real_set=tr05_real_isolated_1ch_track  # recorded and transcribed, without references
valid_simu_set=dt05_simu_isolated_1ch_track
valid_real_set=dt05_real_isolated_1ch_track
test_simu_set=et05_simu_isolated_1ch_track
test_real_set=et05_real_isolated_1ch_track
real=true                     # false: the corpus has no real recordings, so no set of them is read
clean_train_set=tr05_orig_clean
clean_valid_set=dt05_bth
clean_test_set=et05_bth
lm_text=                      # additional text for the language model (default: that of WSJ1, if stage 1 prepared it)
# Tokens for text-informed SE, alignment and recognition
token_type=char               # char or bpe
nbpe=500                      # size of the bpe vocabulary
# Models
se_config=conf/se/conv_tasnet.yaml           # baseline
aligner_config=conf/asr/ctc_aligner.yaml     # CTC model that aligns transcripts
teacher_config=conf/se/text_informed_tcn_aligned.yaml
student_config=conf/se/conv_tasnet.yaml      # the same as for the baseline, for a fair comparison
pseudo_reference=auto         # from one channel (one), all (channels), all and the teacher again (channels_teacher), or all where there are several (auto)
min_log_likelihood=           # leave out pseudo-references whose transcript has a lower log likelihood per token, e.g. -3; -inf only measures it
teacher_init=baseline         # initial weights of the teacher: baseline, or scratch as in the paper
student_init=scratch          # the same for the student (without kd_config)
real_weight=1                 # weight of real speech with pseudo-references in the student's loss (without kd_config)
mixed_batches=false           # simulated and real speech in one batch of the student (without kd_config); for students with batch norm
train_controls=false          # also train teacher and student without text and pseudo-references
asr_config=conf/asr/transformer.yaml         # clean-condition recognizer
asr_multi_config=conf/asr/transformer.yaml   # multi-style recognizer
multi_style_from_clean=false  # start multi-style training from the clean-condition recognizer
lm_config=conf/lm/char_rnn.yaml
inference_config=conf/asr/decode.yaml
se_args=                      # additional options for every SE training, e.g. "--max_epoch 3"
asr_args=                     # additional options for every recognizer and language-model training
enhance_args=                 # additional options for enhancement, e.g. "--compile true --autocast_dtype bfloat16"
decoder=joint                 # joint: CTC/attention beam search; ctc_greedy: much faster, without language model
use_lm=true                   # decode with the language model
observation_systems="baseline student"  # systems with observation adding
observation_weights="0.3 0.5 0.7 0.9 snr0 snr5 snr10"  # weights of enhanced speech to choose from; empty: no observation adding
# Knowledge distillation with the teacher in the training loop
kd_config=                    # KD method for the student, conf/kd/*.yaml (default: train on stored pseudo-references)
kd_teacher=teacher            # teacher of the method, a directory in expdir; `teacher` is the text-informed one
kd_teacher_config=            # configuration of any other teacher, which stage 6 trains on simulated speech
kd_clusters=500               # number of acoustic tokens
multi_style_systems="baseline student"       # systems whose enhanced speech is used in multi-style training
multi_style_weight=1          # weight of enhanced speech there, in its sum with noisy speech
inference_se_model=valid.si_snr_loss.ave.pth # checkpoint of an SE training to use; valid.word_errors.ave.pth: chosen by WER
inference_asr_model=valid.acc.ave.pth
inference_aligner_model=valid.loss.ave.pth
inference_lm=valid.loss.ave.pth
# Comparison of KD methods (stage_dir=compare)
kd_conf=conf/kd               # directory with the configurations of the methods
methods="none output text_informed frame_sequence frame_sequence_asr acoustic_token cosine two_step latent_mixup at_kl_tasnet"
seeds="0 1 2"                 # also those of the evidence; its first one is the recipe's
controls="none output"        # methods that each method is compared with
compare_asr=asr_multi         # recognizer for the comparison
rows_at_once=                 # rows (method and seed, or seed of the evidence) made at once (default: 1 with a GPU, else num_threads if memory allows)
# Results
se_metrics="pesq pesq_raw stoi sdr si_snr"  # scores of enhanced speech; PESQ takes two thirds of the time
truth_dir=                    # directory of the true images of real speech; embedded corpus only, used only for scoring
report_opts=                  # additional options for the report; see python -m espnet_kd.bin.report --help
### end of options

command_line=$(printf '%q ' "$@")
. scripts/functions.sh
. scripts/kd_functions.sh
. scripts/parse_options.sh
. ./path.sh
. ./cmd.sh
if [ "${real}" = false ]; then without_real; fi

: "${ngpu:=$(visible_gpus)}"
if [ -z "${gpu_inference}" ] && [ "${ngpu}" -gt 0 ]; then gpu_inference=true; fi
inference_ngpu=0
if [ "${gpu_inference}" = true ]; then inference_ngpu=1; fi

: "${rows_at_once:=$(rows_that_fit)}"

raw=${dumpdir}/raw
tokens=${dumpdir}/token_list/${token_type}/tokens.txt
nlsyms=${tokens%/*}/nlsyms.txt
token_options=(--token_type "${token_type}" --token_list "${tokens}")
if [ "${token_type}" = bpe ]; then token_options+=(--bpemodel "${tokens%/*}/bpe.model"); fi
# A corpus without real recordings has no names for their sets.
eval_sets=("${valid_simu_set}" ${valid_real_set:+"${valid_real_set}"}
    "${test_simu_set}" ${test_real_set:+"${test_real_set}"})
# Suffix of speed-perturbed sets; without speed perturbation, the sets themselves are used.
suffix=_sp
if [ "${speed_perturb_factors}" = 1.0 ]; then suffix=; fi
# With a KD method, whatever depends on the student is named after the method, and after the teacher
# unless that is the text-informed one.
teacher_tag=
if [ "${kd_teacher}" != teacher ]; then teacher_tag=_${kd_teacher}; fi
tag=
if [ -n "${kd_config}" ]; then tag=_$(basename "${kd_config}" .yaml)${teacher_tag}; fi
# Enhancement models to compare. With a KD method, the student may have another size than the
# baseline, which then is no control.
systems=(baseline student)
teachers=(teacher)
if [ "${train_controls}" = true ]; then
    teachers+=(teacher_no_text)
    if [ -z "${kd_config}" ]; then systems=(baseline baseline_continued student); fi
fi
compare_dir=${expdir}/compare${teacher_tag}
evidence_dir=${expdir}/evidence

running=
times=()
trap 'report_end $?' EXIT
[ -d "${stage_dir}" ] || die "--stage_dir: '${stage_dir}' is not a directory; use stages, compare or evidence"
for file in "${stage_dir}"/[0-9][0-9]_*.sh; do
    number=$(stage_number "${file}")
    if [ "${number}" -lt "${stage}" ] || [ "${number}" -gt "${stop_stage}" ]; then
        continue
    fi
    running=${number}
    log "$(stage_title "${file}")"
    start=${SECONDS}
    # shellcheck source=/dev/null
    . "${file}"
    times+=("$(printf '%6d s  %s' $((SECONDS - start)) "$(stage_title "${file}")")")
    running=
done
