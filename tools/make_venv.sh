#!/usr/bin/env bash
# Make a virtual environment and install this checkout into it: make_venv.sh DIR
# Reads: setup.py constraints.txt. Writes: DIR. PYTHON=... chooses the interpreter.
set -euo pipefail

venv=$1

supported() {  # is $1 a Python that runs and has a version we support?
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}; do
        if supported "${candidate}"; then
            command -v "${candidate}"
            return
        fi
    done
    echo "error: ${PYTHON:-python3}: $(${PYTHON:-python3} --version 2>&1 | head -n 1);" \
        "Python 3.10 to 3.13 is needed: install one, or name it: make PYTHON=/path/python3.11" >&2
    return 1
}

complete() {  # is there an environment that an interruption did not leave without pip?
    supported "${venv}/bin/python" && "${venv}/bin/python" -m pip --version > /dev/null 2>&1
}

if ! complete; then
    python=$(find_python)
    # Debian's python3 comes without ensurepip unless python3-venv is installed.
    if "${python}" -c 'import ensurepip' 2> /dev/null; then
        "${python}" -m venv "${venv}"
    elif command -v uv > /dev/null; then
        uv venv --quiet --seed --python "${python}" "${venv}"
    else
        echo "error: ${python}: has no ensurepip; install your system's python3-venv," \
            "or the program uv, and run again" >&2
        exit 1
    fi
fi

# Some versions of pip refuse an ESPnet dependency (ci_sdr); uv takes it whatever the pip.
"${venv}/bin/python" -m pip install --quiet --disable-pip-version-check uv
"${venv}/bin/uv" pip install --python "${venv}/bin/python" --constraint constraints.txt \
    --build-constraint constraints.txt --editable '.[demo,dev,onnx]' || {
    echo "error: setup.py: not all of it could be installed (see above); pesq and pyworld are" \
        "compiled: that needs a C++ compiler and Python's headers (Debian: g++ python3-dev)" >&2
    exit 1
}
