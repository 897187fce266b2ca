#!/usr/bin/env bash
# check.sh MANDATE: fails unless the example does what docs/agents.md says of it.
set -euo pipefail
"$(dirname "$0")/run.sh" "$1" | tee /dev/stderr | { grep -E '^(done|refused|alice)' || true; } | diff "$(dirname "$0")/expected.txt" -
