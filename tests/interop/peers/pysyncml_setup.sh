#!/bin/sh
# Usage: pysyncml_setup.sh DIR      install pysyncml 0.2.0 (Python 2 only) into DIR
# PY27 names a CPython 2.7 with pip. It imports only with SQLAlchemy 0.7.x.
set -e
"${PY27:-python2.7}" -m pip install -q --disable-pip-version-check --target "$1" pysyncml==0.2.0 'SQLAlchemy==0.7.10'
