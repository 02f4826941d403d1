"""A checkout with the parts of ESPnet that a recipe uses: launchers, path.sh, cmd.sh, db.sh."""

from __future__ import annotations

from pathlib import Path

# Takes options, JOB=1:N, log and command like Kaldi's launchers; logs its name and its options.
LAUNCHER = """#!/usr/bin/env bash
options=()
while [ "${1#-}" != "$1" ]; do options+=("$1" "$2"); shift 2; done
first=1 last=1 name=NONE
case "$1" in *=*:*) name=${1%%=*}; range=${1#*=}; first=${range%:*}; last=${range#*:}; shift ;; esac
log=$1; shift
echo "${0##*/} ${options[*]}" >> launched
[ "${0##*/}" != slurm.pl ] || grep -h . conf/slurm.conf >> launched
for job in $(seq "${first}" "${last}"); do
    mkdir -p "$(dirname "${log//${name}/${job}}")"
    "${@//${name}/${job}}" > "${log//${name}/${job}}" 2>&1 || exit 1
done
"""
CMD = """cmd_backend='local'
if [ "${cmd_backend}" = local ]; then
    export train_cmd="run.pl" cuda_cmd="run.pl" decode_cmd="run.pl"
elif [ "${cmd_backend}" = slurm ]; then
    export train_cmd="slurm.pl" cuda_cmd="slurm.pl" decode_cmd="slurm.pl"
fi
"""
PATH_SH = """MAIN_ROOT=$PWD/../../..
export PATH=$PWD/utils/:$PATH
export LC_ALL=C
. "${MAIN_ROOT}"/tools/activate_python.sh
. "${MAIN_ROOT}"/tools/extra_path.sh
export OMP_NUM_THREADS=1
. local/path.sh
"""
# Logs its arguments and where packages are; for a training, writes the model the stage expects.
PYTHON = """#!/usr/bin/env bash
echo "PYTHONPATH=${PYTHONPATH} EXTRA=${EXTRA} $*" >> called
while [ $# -gt 0 ]; do
    if [ "$1" = --output_dir ]; then mkdir -p "$2"; touch "$2/valid.si_snr_loss.ave.pth"; fi
    shift
done
"""


def write_checkout(root: Path, python: str = PYTHON) -> Path:
    """Write a checkout with its own `python3` to `root`, and return `root`."""
    asr1, tools = root / "egs2/TEMPLATE/asr1", root / "tools"
    files = {
        asr1 / "cmd.sh": CMD,
        asr1 / "path.sh": PATH_SH,
        asr1 / "db.sh": "CHIME4=\nWSJ0=\n",
        asr1 / "utils/parse_options.sh": "",
        tools / "activate_python.sh": f'PATH="{tools}/bin:${{PATH}}"\n',
        tools / "extra_path.sh": "export EXTRA=tools\n",
        **{asr1 / f"conf/{name}.conf": f"{name} of ESPnet\n" for name in ("pbs", "queue", "slurm")},
    }
    programs = {
        tools / "bin/python3": python,
        **{asr1 / f"utils/{name}.pl": LAUNCHER for name in ("run", "slurm", "queue", "ssh")},
    }
    for path, text in {**files, **programs}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in programs:
        path.chmod(0o755)
    return root
