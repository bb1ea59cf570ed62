#!/bin/sh
# Usage: chain_setup.sh DIR      install vdirsyncer, the CalDAV/CardDAV server Radicale, khard and khal into a virtual
# environment in DIR
# PY names the Python for it, 3.10 or newer.
set -e
"${PY:-python3}" -m venv "$1"
"$1/bin/python" -m pip install -q --disable-pip-version-check 'vdirsyncer==0.21.0' 'Radicale==3.9.0' \
    'khard==0.22.0' 'khal==0.14.1'
