#!/bin/sh
# autogen.sh - makes configure from a Git checkout.
set -e
cd "$(dirname "$0")"
autoreconf -fi "$@"
