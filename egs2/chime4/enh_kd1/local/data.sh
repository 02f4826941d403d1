#!/usr/bin/env bash
# Check a corpus in CHiME-4's layout and make its set directories: local/data.sh OPTION...
# Reads: the corpus that db.sh names.
# Writes: data/<set>/, the references, data/local/left_out.tsv, data/noise.scp (backgrounds of the
# same channels); with WSJ0 and WSJ1 also data/train_si284 and data/local/other_text/text.
# The options are those of python -m espnet_kd.bin.prepare_chime4, e.g. --channels "5", or
# --allow_partial true, which accepts an incomplete corpus.
set -euo pipefail

. ./db.sh
if [ -z "${CHIME4}" ]; then
    echo "error: db.sh: CHIME4 is empty; fill in the directory that holds CHiME-4's data/" >&2
    exit 1
fi
options=("$@")
channels=()
allow_partial=()
nj=()
audio=dump/wsj
while [ $# -gt 0 ]; do
    case "$1" in
        --channels) channels=("$1" "$2") ;;
        --allow_partial) allow_partial=("$1" "$2") ;;
        --nj) nj=("$1" "$2") ;;
        --references) audio=$(dirname "$2")/wsj ;;
    esac
    shift
done
annotations=(--extra_annotations "${CHIME4_ANNOTATIONS:-none}")

python3 -m espnet_kd.bin.check_corpus "${CHIME4}" "${annotations[@]}" "${allow_partial[@]}"
other_text=data/local/other_text/text
rm -f "${other_text}"
if [ -n "${WSJ0}" ] && [ -n "${WSJ1}" ]; then
    python3 -m espnet_kd.bin.prepare_wsj --wsj0 "${WSJ0}" --wsj1 "${WSJ1}" --out data \
        --audio "${audio}" --lm_text "${other_text}" "${nj[@]}" "${allow_partial[@]}"
fi
python3 -m espnet_kd.bin.prepare_chime4 --corpus "${CHIME4}" --out data --wsj0 "${WSJ0:-none}" \
    --isolated_ext "${ISOLATED_EXT:-none}" "${annotations[@]}" "${options[@]}"
python3 -m espnet_kd.bin.list_backgrounds --corpus "${CHIME4}" --out data/noise.scp "${channels[@]}"
