#!/bin/sh
# ./launch.sh         starts the studio; arguments go to app.py, --help lists them
# ./launch.sh test    runs the tests; further arguments go to pytest
# STUDIO_PYTHON names the Python to use, STUDIO_TORCH_INDEX the package index torch comes from.
set -u

root=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
venv=$root/.venv
python=$venv/bin/python

fail() {
    printf 'The studio cannot start: %s\n' "$*" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if ! fits "$python" || ! "$python" -c 'import pip' >/dev/null 2>&1; then
    chosen=
    for one in "${STUDIO_PYTHON:-python3}" python3 python python3.12 python3.13 python3.11 python3.10; do
        if fits "$one"; then
            chosen=$one
            break
        fi
    done
    [ -n "$chosen" ] || fail 'it needs Python 3.10, 3.11, 3.12 or 3.13. Install one from https://www.python.org and try again.'
    "$chosen" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "$chosen cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv"
    rm -rf -- "$venv" || fail "the old $venv cannot be removed."
    said=$("$chosen" -m venv -- "$venv" 2>&1) ||
        fail "$venv cannot be made: $(printf '%s\n' "$said" | tail -n 1)"
fi

if [ "${1:-}" = test ]; then
    shift
    "$python" "$root/studio/install.py" dev || exit 1
    cd -- "$root" || exit 1
    exec "$python" -m pytest "$@"
fi

"$python" "$root/studio/install.py" || exit 1
exec "$python" "$root/app.py" "$@"
