#!/usr/bin/env bash
# Functions for distillation with the teacher in the training loop, and for the comparison. Sourced.

# Leave out all sets of real recordings; stop if what is to run cannot do without them.
without_real() {
    train_real_set='' valid_real_set='' test_real_set=''
    [ "${stage_dir}" = stages ] || die "--stage_dir: '${stage_dir}' needs real recordings, but" \
        "--real is false; run the stages with --kd_config instead"
    if [ -z "${kd_config}" ] && [ "${stop_stage}" -ge 8 ]; then
        die "--kd_config: is empty, but a student on stored pseudo-references needs real" \
            "recordings; name a method of ${kd_conf}, or stop at --stop_stage 7. These would" \
            "run: $(methods_without_real)"
    fi
}

check_real_set() {  # stop if stage 1 found no real recordings although they are asked for
    if [ "${real}" = true ] && [ -e "data/${train_simu_set}/wav.scp" ] &&
        [ ! -e "data/${train_real_set}/wav.scp" ]; then
        die "data/${train_real_set}: does not exist, since the corpus has no real recordings;" \
            "add --real false"
    fi
}

methods_without_real() {  # print the methods; latent_mixup also needs background recordings
    local file names=()
    for file in "${kd_conf}"/*.yaml; do
        case ${file##*/} in
            *student.yaml) continue ;;  # what the others start from
            *text_informed.yaml | remixit*.yaml) continue ;;  # their loss is of real speech alone
            *latent_mixup.yaml) [ -e data/noise.scp ] || continue ;;
        esac
        names+=("$(basename "${file}" .yaml)")
    done
    echo "${names[*]}"
}

# Make a training set (all speeds) and a validation set in which real speech has no references.
# Writes ${raw}/{kd_online_train,kd_online_valid}/.
prepare_kd_sets() {
    local kd=${dumpdir}/kd
    if [ -z "${train_real_set}" ]; then
        python3 -m espnet_kd.bin.combine_sets --absent_references --out "${raw}/kd_online_train" \
            "${raw}/${train_simu_set}${suffix}"
        python3 -m espnet_kd.bin.combine_sets --absent_references --out "${raw}/kd_online_valid" \
            "${raw}/${valid_simu_set}"
        return
    fi
    python3 -m espnet_kd.bin.prepare_dump --data "${raw}" --dump "${kd}" \
        --sets "${train_real_set}" --nj "${nj}" \
        --token_sets "${train_real_set}" --token_list "${kd}/tokens.txt" \
        --speed_perturb_factors "${speed_perturb_factors}" --speed_sets "${train_real_set}" \
        --min_wav_duration "${min_wav_duration}" --max_wav_duration "${max_wav_duration}"
    if [ -n "${suffix}" ] && [ -e "${raw}/${train_real_set}/align" ]; then
        python3 -m espnet_kd.bin.align --scale_from "${raw}/${train_real_set}" \
            --sets "${kd}/${train_real_set}${suffix}"
    fi
    python3 -m espnet_kd.bin.combine_sets --absent_references --out "${raw}/kd_online_train" \
        "${raw}/${train_simu_set}${suffix}" "${kd}/${train_real_set}${suffix}"
    python3 -m espnet_kd.bin.combine_sets --absent_references --out "${raw}/kd_online_valid" \
        "${raw}/${valid_simu_set}" "${raw}/${valid_real_set}"
}

# Cluster the latents of the clean-condition recognizer, unless the file exists.
prepare_acoustic_tokens() {  # prepare_acoustic_tokens FILE
    if [ -e "$1" ]; then return; fi
    infer "${1%.npz}.log" espnet_kd.bin.acoustic_tokens \
        --config "${expdir}/asr_clean/config.yaml" \
        --checkpoint "${expdir}/asr_clean/${inference_asr_model}" --clusters "${kd_clusters}" \
        --sets "${raw}/${clean_train_set}" --out "$1"
}

# Train a student with a method of conf/kd; an interrupted training is resumed.
train_student() {  # train_student EXP_DIR CONFIG OPTION...
    local exp=$1 config=$2 needs options=() data=()
    local centroids=${expdir}/asr_clean/tokens/${kd_clusters}.npz  # removed with the recognizer
    shift 2
    needs=$(python3 -m espnet_kd.bin.kd_needs --config "${config}")
    add_se_data train "${raw}/kd_online_train" reference
    add_se_data valid "${raw}/kd_online_valid" reference
    case " ${needs} " in *" teacher "*)
        options+=(--teacher_config "${expdir}/${kd_teacher}/config.yaml"
            --teacher_checkpoint "${expdir}/${kd_teacher}/${inference_se_model}")
        if [ "${kd_teacher}" = teacher ]; then  # the text-informed one
            add_text_data train "${raw}/kd_online_train"
            add_text_data valid "${raw}/kd_online_valid"
            options+=("${token_options[@]}")
        fi ;;
    esac
    case " ${needs} " in *" recognizer "*)
        options+=(--kd_asr_config "${expdir}/asr_clean/config.yaml"
            --kd_asr_checkpoint "${expdir}/asr_clean/${inference_asr_model}") ;;
    esac
    case " ${needs} " in *" centroids "*)
        prepare_acoustic_tokens "${centroids}"
        options+=(--kd_centroids "${centroids}") ;;
    esac
    case " ${needs} " in *" pairs "*)
        [ -e data/noise.scp ] || die "data/noise.scp: does not exist, but ${config} mixes noises;" \
            "run stage 1 with noise recordings: --local_data_opts \"--noise DIRECTORY\""
        options+=(--second_noise_scp data/noise.scp) ;;
    esac
    choose_by_words "${raw}/kd_online_valid"
    # shellcheck disable=SC2086  # options are words
    train_model "${exp}" "${inference_se_model}" espnet_kd.bin.enh_kd_train \
        --config "${config}" "${data[@]}" "${options[@]}" "$@" ${se_args}
}

# Enhance the dt and et sets with a model, and score the sets that have references or true images.
score_signals() {  # score_signals NAME EXP_DIR
    local name=$1 exp=$2 scores=${compare_dir}/scores set jobs=()
    # shellcheck disable=SC2086  # options are words
    infer "${exp}/enhance.log" espnet_kd.bin.enhance --config "${exp}/config.yaml" \
        --checkpoint "${exp}/${inference_se_model}" --out "${exp}/enhanced" \
        --sets "${eval_sets[@]/#/${raw}/}" ${enhance_args}
    for set in "${valid_simu_set}" "${test_simu_set}"; do
        jobs+=(--job "${name}:${raw}/${set}:${exp}/enhanced/${set}/wav.scp:${scores}/se/${name}/${set}")
    done
    python3 -m espnet_kd.bin.score_se "${jobs[@]}"
    if [ -n "${truth_dir}" ]; then
        jobs=()
        for set in "${valid_real_set}" "${test_real_set}"; do
            jobs+=(--job "${name}:${raw}/${set}:${exp}/enhanced/${set}/wav.scp:${scores}/truth/${name}/${set}")
        done
        python3 -m espnet_kd.bin.score_se --partial \
            --ref_scp "${expdir}/scores/true_images/{set}/spk1.scp" "${jobs[@]}"
    fi
}

rows_that_fit() {  # print how many rows to make at once; one of a small model needs up to 5 GB
    local rows=${num_threads} fit
    fit=$(awk '/^MemAvailable/ { print int($2 / 5e6) }' /proc/meminfo)
    if [ "${fit}" -lt "${rows}" ]; then rows=${fit}; fi
    if [ "${ngpu}" -gt 0 ] || [ "${rows}" -lt 1 ]; then rows=1; fi
    echo "${rows}"
}

start_row() {  # start_row LOG COMMAND...: run a command in the background, rows_at_once together
    local log=$1
    shift
    while [ "$(jobs -rp | wc -l)" -ge "${rows_at_once}" ]; do wait -n || true; done
    mkdir -p "$(dirname "${log}")"
    "$@" > "${log}" 2>&1 &
}

# Show scores of the recipe among those of the evidence.
link_scores() {  # link_scores KIND SYSTEM NAME
    local scores=${expdir}/scores/$1/$2 link=${evidence_dir}/scores/$1/$3
    if [ ! -d "${scores}" ]; then return; fi
    if [ ! -L "${link}" ]; then rm -rf "${link}"; fi
    mkdir -p "$(dirname "${link}")"
    ln -sfn "$(realpath "${scores}")" "${link}"
}

unfinished() {  # unfinished LOG: print why a row has no result
    echo "$1: the row did not finish: $(tail -n 1 "$1")"
}

compared_methods() {  # print the requested methods and all others with a finished row
    local row others=()
    for row in "${compare_dir}"/*/seed*/.finished; do
        if [ -e "${row}" ]; then others+=("$(basename "$(dirname "$(dirname "${row}")")")"); fi
    done
    # shellcheck disable=SC2086  # methods are words
    printf '%s\n' ${methods} "${others[@]}" | awk '!seen[$0]++'
}

compared_controls() {  # print the controls among them
    local method
    for method in $(compared_methods); do
        if [[ " ${controls} " == *" ${method} "* ]]; then echo "${method}"; fi
    done
}
