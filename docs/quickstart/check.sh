#!/usr/bin/env bash
# check.sh LANGUAGE MANDATE: fails unless the program of that language says what README.md says. 77: it was left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
"$2" serve --data "$work/db" --listen 127.0.0.1:0 --http "" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
  address=$(sed -n 's/.* on \(127\.0\.0\.1:[0-9]*\),.*/\1/p' "$work/log" | head -n 1)
  [ -z "$address" ] || break
  sleep 0.1
done
"$here/run.sh" "$1" "$address" | tee "$work/out"
diff "$work/out" - <<'TEXT'
user:alice may view document:plan
user:bob may not view document:plan
TEXT
