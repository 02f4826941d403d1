#!/usr/bin/env bash
# Run all tests with the tested ESPnet that the Python in use does not get: test_other_espnet.sh
# ESPnet 202511 needs Python 3.10 or 3.11, ESPnet 202611 needs 3.12 or 3.13 (constraints.txt).
# The other Python is looked for in PATH and among pyenv's; without one, a line says so.
set -euo pipefail
cd "$(dirname "$0")/.."

tested() {  # the pair that a Python has: "ESPnet 202511 on Python 3.11.7"
    "$1" -c 'import importlib.metadata as m, platform as p
print("ESPnet", m.version("espnet"), "on Python", p.python_version())'
}

find_python() {  # the first of the given versions that is here
    local version candidate
    for version in "$@"; do
        for candidate in "python${version}" \
            "${PYENV_ROOT:-${HOME}/.pyenv}/versions/${version}".*/bin/python; do
            # pyenv's shims are in PATH even where the version is switched off.
            if "${candidate}" -c '' 2> /dev/null; then
                command -v "${candidate}"
                return
            fi
        done
    done
    return 1
}

here=$(tested python)
case ${here} in
    *"Python 3.10"* | *"Python 3.11"*) others=(3.12 3.13) ;;
    *) others=(3.11 3.10) ;;
esac
if ! other=$(find_python "${others[@]}"); then
    echo "tested: ${here}; not tested: the other ESPnet (no Python ${others[0]} or ${others[1]} here)"
    exit
fi
make VENV=.venv-other PYTHON="${other}" setup
.venv-other/bin/python -m pytest -n 2 -q
echo "tested: ${here}; $(tested .venv-other/bin/python)"
