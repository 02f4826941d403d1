#!/usr/bin/env bash
# Which Python the recipe uses: that of the ESPnet checkout it was linked into, else that of this
# checkout's virtual environment, else python3 in PATH. Sourced, also by ESPnet's launchers.
kd_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." && pwd)
if [ -e ../../TEMPLATE/asr1/path.sh ]; then
    # Puts utils/ in PATH, activates the checkout's Python, sources local/path.sh.
    # shellcheck source=/dev/null
    . ../../TEMPLATE/asr1/path.sh
else
    if [ -x "${kd_root}/.venv/bin/python3" ]; then
        export PATH="${kd_root}/.venv/bin:${PATH}"
    fi
    if [ -e local/path.sh ]; then
        # shellcheck source=/dev/null
        . local/path.sh
    fi
fi
# Without it, espnet_kd is a package that was installed.
if [ -d "${kd_root}/espnet_kd" ]; then
    export PYTHONPATH="${kd_root}${PYTHONPATH:+:${PYTHONPATH}}"
fi
export PYTHONIOENCODING=UTF-8
# Cached bytecode saves seconds at each of the recipe's many starts of Python.
unset PYTHONDONTWRITEBYTECODE
export LC_ALL=C
# Many processes of one thread; a training sets its own number (--num_threads).
export OMP_NUM_THREADS=1

for package in espnet2 espnet_kd; do
    if ! python3 -c "from importlib.util import find_spec as f; exit(not f('${package}'))"; then
        echo "error: $(command -v python3): has no ${package}; run 'make setup' in ${kd_root}," \
            "or install it into the Python in use" >&2
        exit 1
    fi
done
