#!/usr/bin/env bash
# Stage 1: set directories of the corpus, references of its simulated sets.
# Reads: the corpus that db.sh names.
# Writes: data/<set>/{wav.scp,text,utt2spk,...}, data/<simulated set>/references.tsv,
#         data/noise.scp, <dumpdir>/references/.

# shellcheck disable=SC2206  # options are words
words=(${local_data_opts})
[ $((${#words[@]} % 2)) -eq 0 ] ||
    die "--local_data_opts: '${local_data_opts}' is not a list of --name value;" \
        "give each name a value"
local/data.sh --nj "${nj}" --references "${dumpdir}/references" \
    --channels "${channels}" --check_audio "${check_audio}" "${words[@]}"
check_real_set
