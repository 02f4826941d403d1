#!/usr/bin/env bash
# Functions shared by enh_kd.sh and its stages. Sourced.

log() {  # log MESSAGE...
    echo "$(date '+%Y-%m-%d %H:%M:%S') $*"
}

die() {  # die MESSAGE...: print one line and stop
    echo "error: $*" >&2
    exit 1
}

stage_number() {  # stages/05_align.sh -> 5
    local name=${1##*/}
    echo $((10#${name%%_*}))
}

stage_title() {  # first comment line of a stage file, e.g. "Stage 5: ..."
    sed -n '2s/^# //p' "$1"
}

# Print the time of each stage and, on failure, which stage stopped.
report_end() {
    local code=$1
    if [ ${#times[@]} -gt 0 ]; then
        log "Time by stage:"
        printf '%s\n' "${times[@]}"
    fi
    if [ "${code}" -ne 0 ] && [ -n "${running}" ]; then
        echo "error: stage ${running} stopped; fix the cause and continue with" \
            "--stage ${running}" >&2
    fi
}

visible_gpus() {  # print 1 if a GPU is visible, else 0
    if [[ -n ${CUDA_VISIBLE_DEVICES-unset} && $(nvidia-smi -L 2> /dev/null) == GPU* ]]; then
        echo 1
    else
        echo 0
    fi
}

# Print the file with additional text for the language model, or nothing if there is none.
more_lm_text() {
    local made=data/local/other_text/text  # written by local/data.sh
    if [ -z "${lm_text}" ] && [ -e "${made}" ]; then echo "${made}"; else echo "${lm_text}"; fi
}

dir_of() {  # dir_of SYSTEM: print the model's directory; a student is named after its KD method
    if [ "$1" = student ]; then
        echo "${expdir}/student${tag}"
    else
        echo "${expdir}/$1"
    fi
}

# Add the option for the initial weights of a training to the array `init`.
initial_weights() {  # initial_weights OPTION baseline|scratch
    case $2 in
        baseline) init+=(--init_param "${expdir}/baseline/${inference_se_model}") ;;
        scratch) ;;
        *) die "--$1: is '$2'; use baseline or scratch" ;;
    esac
    log "Initial weights (--$1 $2): ${init[*]:-random}"
}

# Add the option for the weight of real speech in a student's loss to the array `options`.
real_speech_weight() {
    if [ "${real_weight}" != 1 ]; then
        [ "${mixed_batches}" = false ] || die "--real_weight: is ${real_weight}, which needs" \
            "batches of one category; leave out --mixed_batches true"
        options+=(--model_conf "category_weights={REAL: ${real_weight}}")
    fi
}

# Add a system and the sets it is to enhance to the array `all`, for enhance_in_jobs.
add_enhancement() {  # add_enhancement SYSTEM OUT_DIR OPTION...
    local exp
    exp=$(dir_of "$1")
    if [ ${#all[@]} -gt 0 ]; then all+=(--and); fi
    all+=(--config "${exp}/config.yaml" --checkpoint "${exp}/${inference_se_model}"
        --out "${exp}/$2" "${@:3}")
}

observed_dir() {  # observed_dir SYSTEM WEIGHT: print where its speech with added observation is
    if [ "$2" = 1 ]; then
        echo "$(dir_of "$1")/enhanced"
    else
        echo "$(dir_of "$1")/observation/$2"
    fi
}

# Add a set of a model, enhanced and with added observation, to the array `jobs` of add_observation.
add_sum() {  # add_sum MODEL_DIR SET WEIGHT
    jobs+=(--job "$1/enhanced/$2/wav.scp:${raw}/$2/wav.scp:$1/observation/$3/$2:$3")
}

# Set chosen[ASR/SYSTEM] to the observation weight of each system, from error counts on the dt sets.
choose_weights() {  # choose_weights ASR SCORE_DIR SYSTEM...
    local asr=$1 system weight
    declare -gA chosen
    while read -r system weight; do
        chosen[${asr}/${system}]=${weight}
    done < <(python3 -m espnet_kd.bin.choose_observation --scores "$2" --systems "${@:3}" \
        --sets "${valid_simu_set}" ${valid_real_set:+"${valid_real_set}"})
    for system in "${@:3}"; do
        [ -n "${chosen[${asr}/${system}]:-}" ] || die "$2: no weight was chosen for ${system}"
    done
}

# The next functions add options for ESPnet's training commands to the array `data`.
add_files() {  # add_files OPTION SET_DIR FILE...: add the option once per file
    local option=$1 set=$2 file
    shift 2
    for file in "$@"; do
        data+=("${option}" "${set}/${file}")
    done
}

add_data() {  # add_data train|valid SET_DIR FILE,NAME,TYPE...
    add_files "--$1_data_path_and_name_and_type" "${@:2}"
}

add_shapes() {  # add_shapes train|valid SET_DIR FILE...
    add_files "--$1_shape_file" "${@:2}"
}

# Add the data of an SE training: mixture, reference, category, and speed if the set has speeds.
# TYPE is that of the references: `sound`, or `reference` if some utterances do not have one.
# ESPnet makes batches of one category. With mixed_batches, it is not told where that is possible.
add_se_data() {  # add_se_data train|valid SET_DIR [TYPE]
    add_data "$1" "$2" wav.scp,speech_mix,sound "spk1.scp,speech_ref1,${3:-sound}"
    if [ "${mixed_batches}" = false ] || [ "${3:-sound}" != sound ]; then
        add_data "$1" "$2" utt2category,category,text
    fi
    if [ -e "$2/utt2speed" ]; then
        add_data "$1" "$2" utt2speed,speed,text_float
    fi
    add_shapes "$1" "$2" utt2num_samples
}

# Add transcripts and their alignments for a text-informed model.
add_text_data() {  # add_text_data train|valid SET_DIR
    add_data "$1" "$2" text,text,text align,align,text_int
}

# Add the data of a recognizer training.
add_asr_data() {  # add_asr_data train|valid SET_DIR
    add_data "$1" "$2" wav.scp,speech,sound text,text,text
    add_shapes "$1" "$2" utt2num_samples "text_shape.${token_type}"
}

# Train a model unless it is already trained; an interrupted training is resumed.
# train_model EXP_DIR MODEL_FILE MODULE_AND_ARGUMENTS...
train_model() {
    local exp=$1 model=$2
    shift 2
    if [ -e "${exp}/${model}" ]; then
        log "${exp}/${model} exists: already trained (remove ${exp} to train again)"
        return
    fi
    log "Training ${exp}, log: ${exp}/train.log"
    local distributed=()
    if [ "${ngpu}" -gt 1 ]; then distributed=(--multiprocessing_distributed true); fi
    # shellcheck disable=SC2086  # a launcher is a command with its options
    ${cuda_cmd} --gpu "${ngpu}" --num_threads "${num_threads}" "${exp}/train.log" \
        env OMP_NUM_THREADS="${num_threads}" python3 -m "$@" \
        --ngpu "${ngpu}" "${distributed[@]}" --resume true --output_dir "${exp}"
    # ESPnet ends such a training as if it had succeeded.
    if grep -qs "gradients at all steps are invalid" "${exp}/train.log"; then
        rm -f "${exp}/${model}"
        die "${exp}: an epoch had no step with finite gradients, or too little data for one batch;" \
            "see ${exp}/train.log, fix the cause and remove ${exp}"
    fi
    [ -e "${exp}/${model}" ] || die "${exp}/${model}: the training did not write it;" \
        "see ${exp}/train.log, or name another checkpoint (--inference_*_model)"
    if grep -qs "^convergence: " "${exp}/train.log"; then
        log "$(grep "^convergence: " "${exp}/train.log" | tail -n 1)"
    fi
}

# With --inference_se_model valid.word_errors.*, the word errors of the clean-condition recognizer in
# the validation set choose the epoch. Add the options for it to the array `data`.
choose_by_words() {  # choose_by_words VALID_SET_DIR: `data` has the other data of the training
    case ${inference_se_model} in valid.word_errors.*) ;; *) return ;; esac
    case " ${data[*]} " in *" $1/text,text,text "*) ;; *) add_data valid "$1" text,text,text ;; esac
    data+=(--best_model_criterion "valid,word_errors,min" "${token_options[@]}"
        --kd_asr_config "${expdir}/asr_clean/config.yaml"
        --kd_asr_checkpoint "${expdir}/asr_clean/${inference_asr_model}")
}

train_se() {  # train_se EXP_DIR CONFIG TRAIN_SET_DIR VALID_SET_DIR OPTION...
    local exp=$1 config=$2 train=$3 valid=$4
    shift 4
    [ -e "${valid}/spk1.scp" ] || die "${valid}/spk1.scp: does not exist, so the best epoch" \
        "cannot be chosen; give the set clean references (for CHiME-4," \
        "data/${valid##*/}/references.tsv says why they are missing)"
    local data=("$@")
    add_se_data train "${train}"
    add_se_data valid "${valid}"
    choose_by_words "${valid}"
    # shellcheck disable=SC2086  # options are words
    train_model "${exp}" "${inference_se_model}" espnet_kd.bin.enh_kd_train \
        --config "${config}" "${data[@]}" ${se_args}
}

train_asr() {  # train_asr EXP_DIR MODEL_FILE CONFIG TRAIN_SET_DIR VALID_SET_DIR OPTION...
    local exp=$1 model=$2 config=$3 train=$4 valid=$5
    shift 5
    local data=()
    add_asr_data train "${train}"
    add_asr_data valid "${valid}"
    # shellcheck disable=SC2086  # options are words
    train_model "${exp}" "${model}" espnet_kd.bin.stock espnet2.bin.asr_train \
        --config "${config}" "${token_options[@]}" --non_linguistic_symbols "${nlsyms}" \
        "${data[@]}" "$@" ${asr_args}
}

inference_jobs() {  # print the number of jobs: one per GPU, or inference_nj on the CPU
    if [ "${inference_ngpu}" -eq 0 ]; then
        echo "${inference_nj}"
    else
        echo $((ngpu > 1 ? ngpu : 1))
    fi
}

# Run a command that uses a model as one job, since a login node may not have a GPU.
infer() {  # infer LOG MODULE OPTION...
    local log=$1 options=(--gpu "${inference_ngpu}")
    shift
    if [ "${inference_ngpu}" -eq 0 ]; then options+=(--num_threads "${inference_nj}"); fi
    # shellcheck disable=SC2086  # a launcher is a command with its options
    ${decode_cmd} "${options[@]}" "${log}" python3 -m "$@" --ngpu "${inference_ngpu}"
}

# Enhance sets, with the utterances divided among several jobs.
enhance_in_jobs() {  # enhance_in_jobs MODULE LOG_PREFIX OPTION...
    local module=$1 logs=$2 jobs
    jobs=$(inference_jobs)
    # shellcheck disable=SC2086  # options are words
    set -- --ngpu "${inference_ngpu}" ${enhance_args} "${@:3}"
    python3 -m "${module}" --part begin "$@"
    log "Enhancing, logs: ${logs}.*.log"
    # shellcheck disable=SC2086  # a launcher is a command with its options
    ${decode_cmd} --gpu "${inference_ngpu}" JOB=1:"${jobs}" "${logs}.JOB.log" \
        python3 -m "${module}" --part "JOB/${jobs}" "$@"
    python3 -m "${module}" --part finish "$@"
}

# Recognize the utterances of a joint set (bin/join_sets) and score each system and set in it.
# recognize ASR JOINT_SET_DIR OUT_DIR SCORE_DIR
recognize() {
    local asr=$1 joint=$2 out=$3 scores=$4
    local hypotheses=() score_jobs=() text scored
    case ${decoder} in
        joint) recognize_jointly ;;
        ctc_greedy) recognize_greedily ;;
        *) die "--decoder: is '${decoder}'; use joint or ctc_greedy" ;;
    esac
    python3 -m espnet_kd.bin.split_hypotheses --out "${out}" --hyp "${hypotheses[@]}"
    for text in "${out}"/*/*/text; do
        scored=${text#"${out}/"}  # <system>/<set>/text
        scored=${scored%/text}
        case "${scored}" in output.*) continue ;; esac
        score_jobs+=(--job "${text}:${raw}/${scored#*/}:${scores}/${scored}")
    done
    python3 -m espnet_kd.bin.score_wer --nlsyms_txt "${nlsyms}" "${score_jobs[@]}"
}

# The two decoders of `recognize`, which read its variables and set `hypotheses`.
recognize_greedily() {
    log "Decoding with the CTC of ${asr}, log: ${out}/recognize.log"
    infer "${out}/recognize.log" espnet_kd.bin.recognize_ctc \
        --config "${expdir}/${asr}/config.yaml" \
        --checkpoint "${expdir}/${asr}/${inference_asr_model}" --nj "${inference_nj}" \
        --job "${joint}:${out}/output.1/1best_recog/text"
    hypotheses=("${out}/output.1/1best_recog/text")
}

recognize_jointly() {
    local jobs on_gpu=() lm_options=() job
    if [ "${use_lm}" = true ]; then
        lm_options=(--lm_train_config "${expdir}/lm/config.yaml"
            --lm_file "${expdir}/lm/${inference_lm}")
    fi
    jobs=$(find "${joint}" -name 'keys.*.scp' | wc -l)
    if [ "${inference_ngpu}" -gt 0 ]; then on_gpu=(--job JOB); fi
    log "Decoding with ${asr}, logs: ${out}/asr_inference.*.log"
    # shellcheck disable=SC2086  # a launcher is a command with its options
    ${decode_cmd} --gpu "${inference_ngpu}" JOB=1:"${jobs}" "${out}/asr_inference.JOB.log" \
        python3 -m espnet_kd.bin.stock "${on_gpu[@]}" espnet2.bin.asr_inference \
        --config "${inference_config}" \
        --ngpu "${inference_ngpu}" --output_dir "${out}/output.JOB" \
        --data_path_and_name_and_type "${joint}/wav.scp,speech,sound" \
        --key_file "${joint}/keys.JOB.scp" \
        --asr_train_config "${expdir}/${asr}/config.yaml" \
        --asr_model_file "${expdir}/${asr}/${inference_asr_model}" "${lm_options[@]}"

    for job in $(seq "${jobs}"); do
        hypotheses+=("${out}/output.${job}/1best_recog/text")
    done
}
