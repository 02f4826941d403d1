#!/usr/bin/env bash
# Knowledge distillation for speech enhancement (SE), judged by SE scores and word error rate.
# Run by a recipe's run.sh, in the recipe's directory. Every option is a variable below:
# `--nj 8` sets nj. `--stage 5` runs from stage 5 on, `--stage 5 --stop_stage 5` one stage.
set -euo pipefail

### options: name=default  # meaning
# General
stage=1                       # first stage to run
stop_stage=100                # last stage to run
stage_dir=stages              # stages: the recipe; compare: every KD method side by side, after it
ngpu=                         # GPUs of one training (default: 1 if one is visible, else 0)
num_threads=$(nproc)          # threads of one training
nj=$(nproc)                   # processes of data preparation and scoring
inference_nj=$(nproc)         # processes of enhancement and decoding; on GPUs enhancement is one on each
gpu_inference=                # enhance and decode on a GPU (default: true if ngpu > 0)
dumpdir=dump                  # directory of prepared sets
expdir=exp                    # directory of models, enhanced speech and scores
# Data
local_data_opts=              # options for local/data.sh, say "--allow_partial true"
channels="1 2 3 4 5 6"        # microphones of the training sets
check_audio=false             # read all samples and refuse silent or invalid files
speed_perturb_factors="0.9 1.0 1.1"  # of SE training; "1.0" switches it off
min_wav_duration=0.1          # drop shorter utterances (of training sets), seconds
max_wav_duration=20           # drop longer utterances (of training sets), seconds
train_simu_set=tr05_simu_isolated_1ch_track  # simulated, with references
train_real_set=tr05_real_isolated_1ch_track  # recorded, transcribed, no references
valid_simu_set=dt05_simu_isolated_1ch_track
valid_real_set=dt05_real_isolated_1ch_track
test_simu_set=et05_simu_isolated_1ch_track
test_real_set=et05_real_isolated_1ch_track
clean_train_set=tr05_orig_clean
clean_valid_set=dt05_bth
clean_test_set=et05_bth
lm_text=                      # more text for the language model (default: WSJ1's, if stage 1 made it)
# Tokens of text-informed SE, alignment, recognition
token_type=char               # char or bpe
nbpe=500                      # size of a bpe vocabulary
# Models
se_config=conf/se/conv_tasnet.yaml           # baseline
aligner_config=conf/asr/ctc_aligner.yaml     # CTC model that aligns transcripts
teacher_config=conf/se/text_informed_tcn_aligned.yaml
student_config=conf/se/conv_tasnet.yaml      # the same as the baseline's for a fair comparison
asr_config=conf/asr/transformer.yaml         # clean-condition recognizer
asr_multi_config=conf/asr/transformer.yaml   # multi-style recognizer
multi_style_from_clean=false  # start multi-style training from the clean-condition recognizer
lm_config=conf/lm/char_rnn.yaml
inference_config=conf/asr/decode.yaml
se_args=                      # further options of each SE training, e.g. "--max_epoch 3"
asr_args=                     # further options of each recognizer and LM training
enhance_args=                 # of enhancement, e.g. "--compile true --autocast_dtype bfloat16"
use_lm=true                   # decode with the language model
# Knowledge distillation with the teacher in the training loop
kd_config=                    # how to train the student: conf/kd/*.yaml (default: on stored pseudo-references)
kd_teacher=teacher            # directory in expdir of its teacher; `teacher`: the text-informed one
kd_teacher_config=            # of any other teacher, which stage 6 then trains on simulated speech
kd_clusters=500               # acoustic tokens
multi_style_systems="baseline student"       # whose enhanced speech joins multi-style training
inference_se_model=valid.si_snr_loss.ave.pth # which checkpoint of an SE training counts
inference_asr_model=valid.acc.ave.pth
inference_aligner_model=valid.loss.ave.pth
inference_lm=valid.loss.ave.pth
# Comparison of KD methods (stage_dir=compare)
kd_conf=conf/kd               # directory of methods
methods="none output text_informed frame_sequence frame_sequence_asr acoustic_token cosine two_step latent_mixup at_kl_tasnet"
seeds="0 1 2"
controls="none output"        # what each method is held against
compare_asr=asr_multi         # recognizer of the comparison
rows_at_once=                 # methods trained at once (default: 1 with a GPU, else num_threads if memory allows)
# Results
truth_dir=                    # true images of real speech: embedded corpus only, scoring only
report_opts=                  # options for the report, see python -m espnet_kd.bin.report --help
### end of options

command_line=$(printf '%q ' "$@")
. scripts/functions.sh
. scripts/kd_functions.sh
. scripts/parse_options.sh
. ./path.sh
. ./cmd.sh

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
eval_sets=("${valid_simu_set}" "${valid_real_set}" "${test_simu_set}" "${test_real_set}")
# Speed-perturbed twin of the simulated training set; the set itself when there is one speed.
suffix=_sp
if [ "${speed_perturb_factors}" = 1.0 ]; then suffix=; fi
# With a KD method, what depends on the student gets its name, and that of another teacher.
teacher_tag=
if [ "${kd_teacher}" != teacher ]; then teacher_tag=_${kd_teacher}; fi
tag=
if [ -n "${kd_config}" ]; then tag=_$(basename "${kd_config}" .yaml)${teacher_tag}; fi
compare_dir=${expdir}/compare${teacher_tag}

running=
times=()
trap 'report_end $?' EXIT
[ -d "${stage_dir}" ] || die "--stage_dir: '${stage_dir}' is no directory; use stages or compare"
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
