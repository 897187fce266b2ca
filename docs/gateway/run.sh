#!/usr/bin/env bash
# run.sh MANDATE: starts a server on a temporary directory, loads the office beside this file, and lets an agent loose on
# it, behind the gateway. Needs Debian's python3-grpcio, protobuf-compiler and protobuf-compiler-grpc.
set -euo pipefail
mandate=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

"$mandate" serve --data "$work/db" --listen 127.0.0.1:0 --http "" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
  grep -q ' serving ' "$work/log" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
MANDATE_SERVER=$(sed -n 's/.* on \(127\.0\.0\.1:[0-9]*\),.*/\1/p' "$work/log" | head -n 1)
export MANDATE_SERVER

"$mandate" schema write office.zed
"$mandate" import office.tuples
"$mandate" relationship write "user:alice#acts_on_behalf_of@assistant:clerk[expiration:$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)]"

# The stubs, as any client makes them.
protoc -I ../../proto --python_out="$work" --grpc_python_out="$work" \
  --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" ../../proto/mandate/v1/*.proto ../../proto/google/rpc/*.proto
PYTHONPATH=$work /usr/bin/python3 gateway.py "$MANDATE_SERVER"

echo
"$mandate" ledger read
"$mandate" ledger verify
