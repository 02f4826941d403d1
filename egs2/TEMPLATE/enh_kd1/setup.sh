#!/usr/bin/env bash
# Make a recipe directory in an ESPnet checkout or in this checkout:
# setup.sh <checkout>/egs2/<corpus>/enh_kd1
# Code is linked. Files to be edited (run.sh, db.sh, cmd.sh, conf/, local/) are copied once; cmd.sh
# and conf/*.conf come from the ESPnet checkout if it has them. Nothing is ever overwritten.
# If there is no recipe for the corpus here, it gets the scripts for your own corpus (docs/data.md).
set -euo pipefail

die() {
    echo "error: $*" >&2
    exit 1
}

[ $# -eq 1 ] && [ "${1#-}" = "$1" ] || die "setup.sh: needs one directory;" \
    "write setup.sh CHECKOUT/egs2/CORPUS/enh_kd1"
template=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
ours=$(cd "${template}/../../.." && pwd)
recipe=$(realpath -m "$1")
corpus=$(basename "$(dirname "${recipe}")")
egs2=$(dirname "$(dirname "${recipe}")")
if [ "$(basename "${egs2}")" != egs2 ] || [ ! -d "${egs2}/TEMPLATE" ] || [ "${corpus}" = TEMPLATE ]
then
    die "${recipe}: is not egs2/CORPUS/enh_kd1 of a checkout that has egs2/TEMPLATE"
fi
host=${egs2}/TEMPLATE/asr1  # part of ESPnet, not of this checkout
source=${ours}/egs2/${corpus}/enh_kd1

links=()   # pairs of LINK TARGET
copies=()  # pairs of COPY SOURCE

for file in enh_kd.sh path.sh stages compare compare.sh evidence scripts; do
    links+=("${recipe}/${file}" "../../TEMPLATE/enh_kd1/${file}")
done
if [ -e "${source}/run.sh" ]; then
    copies+=("${recipe}/run.sh" "${source}/run.sh" "${recipe}/db.sh" "${source}/db.sh")
    for file in "${source}"/local/*; do
        copies+=("${recipe}/local/${file##*/}" "${file}")
    done
else
    copies+=("${recipe}/run.sh" "${template}/run_own.sh" "${recipe}/db.sh" "${template}/db_own.sh"
        "${recipe}/local/data.sh" "${template}/local/data_own.sh")
fi
if [ "${egs2}" = "${ours}/egs2" ]; then
    links+=("${recipe}/cmd.sh" ../../TEMPLATE/enh_kd1/cmd.sh "${recipe}/conf" ../../../conf)
else
    # The only link that points outside the checkout.
    links+=("${egs2}/TEMPLATE/enh_kd1" "$(realpath --relative-to "${egs2}/TEMPLATE" "${template}")")
    for file in "${ours}"/conf/* "${host}"/conf/{pbs,queue,slurm}.conf; do
        if [ -e "${file}" ]; then copies+=("${recipe}/conf/${file##*/}" "${file}"); fi
    done
    # Use the launchers of ESPnet, or of Kaldi in older checkouts; without any, use our cmd.sh.
    utils=../../TEMPLATE/asr1/utils
    if [ ! -e "${host}/utils" ]; then utils=../../../tools/kaldi/egs/wsj/s5/utils; fi
    if [ -e "${host}/${utils}" ]; then  # ${host} is as deep as a recipe
        links+=("${recipe}/utils" "${utils}")
        copies+=("${recipe}/cmd.sh" "${host}/cmd.sh")
    else
        links+=("${recipe}/cmd.sh" ../../TEMPLATE/enh_kd1/cmd.sh)
    fi
    copies+=("${recipe}/local/path.sh" "${template}/local/path.sh")  # ESPnet's path.sh sources it
fi

# Check all links before changing anything.
for ((i = 0; i < ${#links[@]}; i += 2)); do
    link=${links[i]}
    if [ -e "${link}" ] || [ -L "${link}" ]; then
        [ "$(readlink "${link}")" = "${links[i + 1]}" ] ||
            die "${link}: exists and is not a link to ${links[i + 1]}; move it away"
    fi
done

mkdir -p "${recipe}/local"
for ((i = 0; i < ${#links[@]}; i += 2)); do
    if [ ! -L "${links[i]}" ]; then
        ln -s "${links[i + 1]}" "${links[i]}"
        echo "linked ${links[i]} -> ${links[i + 1]}"
    fi
done
for ((i = 0; i < ${#copies[@]}; i += 2)); do
    if [ -e "${copies[i]}" ]; then
        echo "kept   ${copies[i]}"
    else
        mkdir -p "$(dirname "${copies[i]}")"
        rm -rf "${copies[i]}.part"
        cp -rL "${copies[i + 1]}" "${copies[i]}.part"
        mv "${copies[i]}.part" "${copies[i]}"
        echo "copied ${copies[i]} from ${copies[i + 1]}"
    fi
done
