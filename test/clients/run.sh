#!/usr/bin/env bash
# run.sh FOLDER MANDATE: the tests of one folder here against that binary. Ends with 77 where they are left out.
set -euo pipefail
cd "$(dirname "$0")/$1"
if [ "${MANDATE_OFFLINE:-}" = 1 ]; then
  echo "NOT RUN: MANDATE_OFFLINE=1 leaves out test/clients/$1, whose packages come from the npm registry"
  exit 77
fi
if [ ! -d node_modules ]; then
  echo "NOT RUN: test/clients/$1 has no node_modules; ./run test installs them"
  exit 77
fi
MANDATE_BINARY=$2 exec node --test
