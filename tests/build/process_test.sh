#!/bin/bash
# The program loads neither OpenSSL nor anything that would: its symbols and
# BoringSSL's are the same names, and the wrong one of two would be called.
set -euo pipefail

libraries=$(ldd "$1")
echo "$libraries"
if grep -E 'lib(ssl|crypto|curl)' <<< "$libraries"; then
  echo "these bring OpenSSL into the process" >&2
  exit 1
fi
if readelf -lW "$1" | grep GNU_STACK | grep -q RWE; then
  echo "the stack is executable" >&2
  exit 1
fi
