#!/usr/bin/env bash
# The Python that the recipe uses: this checkout's virtual environment, else python3 in PATH.
MAIN_ROOT=$(cd ../../.. && pwd)
if [ -x "${MAIN_ROOT}/.venv/bin/python3" ]; then
    export PATH="${MAIN_ROOT}/.venv/bin:${PATH}"
fi
export PYTHONPATH="${MAIN_ROOT}${PYTHONPATH:+:${PYTHONPATH}}"
export PYTHONIOENCODING=UTF-8
# Cached bytecode saves seconds at each of the recipe's many starts of Python.
unset PYTHONDONTWRITEBYTECODE
export LC_ALL=C
# Many processes of one thread; a training sets its own number (--num_threads).
export OMP_NUM_THREADS=1

if ! python3 -c 'from importlib.util import find_spec as f; exit(not f("espnet2"))'; then
    echo "error: $(command -v python3): has no ESPnet; run 'make setup' in ${MAIN_ROOT}" >&2
    exit 1
fi
if [ -e local/path.sh ]; then
    # shellcheck source=/dev/null
    . local/path.sh
fi
