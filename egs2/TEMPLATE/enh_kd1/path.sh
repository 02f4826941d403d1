#!/usr/bin/env bash
# Choose the recipe's Python: that of the ESPnet checkout the recipe was linked into, or that of the
# active virtual environment, or that of .venv in this checkout, or python3 in PATH.
# Sourced by the stages, and by ESPnet's launchers.
kd_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." && pwd)
if [ -e ../../TEMPLATE/asr1/path.sh ]; then
    # Puts utils/ in PATH, activates the checkout's Python, sources local/path.sh.
    # shellcheck source=/dev/null
    . ../../TEMPLATE/asr1/path.sh
else
    venv=${VIRTUAL_ENV:-${kd_root}/.venv}
    if [ -x "${venv}/bin/python3" ]; then
        export PATH="${venv}/bin:${PATH}"
    fi
    if [ -e local/path.sh ]; then
        # shellcheck source=/dev/null
        . local/path.sh
    fi
fi
# Otherwise, espnet_kd is an installed package.
if [ -d "${kd_root}/espnet_kd" ]; then
    export PYTHONPATH="${kd_root}${PYTHONPATH:+:${PYTHONPATH}}"
fi
export PYTHONIOENCODING=UTF-8
# The recipe starts Python many times; cached bytecode saves seconds each time.
unset PYTHONDONTWRITEBYTECODE
export LC_ALL=C
# The recipe runs many single-threaded processes; each training sets its own number (--num_threads).
export OMP_NUM_THREADS=1

for package in espnet2 espnet_kd; do
    if ! python3 -c "from importlib.util import find_spec as f; exit(not f('${package}'))"; then
        echo "error: $(command -v python3): has no ${package}; run 'make setup' in ${kd_root}," \
            "or install it into the Python in use" >&2
        exit 1
    fi
done
