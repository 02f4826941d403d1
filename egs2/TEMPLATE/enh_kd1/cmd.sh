#!/usr/bin/env bash
# How jobs are run. cmd_backend is local (this machine), or one of stdout, slurm, sge, ssh and pbs,
# which need the launchers of an ESPnet checkout: link its egs2/TEMPLATE/asr1/utils into the recipe
# directory. A recipe in an ESPnet checkout (setup.sh) uses the cmd.sh of that checkout instead.
cmd_backend=${cmd_backend:-local}

case "${cmd_backend}" in
    local) launcher="python3 -m espnet_kd.bin.run_jobs" ;;
    stdout | slurm | ssh | pbs) launcher="utils/${cmd_backend}.pl" ;;
    sge) launcher="utils/queue.pl" ;;
    *)
        echo "error: cmd.sh: cmd_backend is '${cmd_backend}';" \
            "use local, stdout, slurm, sge, ssh or pbs" >&2
        exit 1 ;;
esac
if [ "${cmd_backend}" != local ] && [ ! -x "${launcher}" ]; then
    echo "error: ${launcher}: does not exist; link an ESPnet checkout's utils here" >&2
    exit 1
fi

# Training on a GPU; enhancement and recognition; everything else.
export cuda_cmd="${launcher}"
export decode_cmd="${launcher}"
export train_cmd="${launcher}"
