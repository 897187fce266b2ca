#!/usr/bin/env bash
# check.sh BUILD_TREE MANDATE CXX [CXX_FLAGS]: installs the client to a temporary prefix, builds a program against it, by CMake
# and by pkg-config, and runs both against a server.
set -euo pipefail
tree=$1 mandate=$2 cxx=$3 flags=${4:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

cmake --install "$tree" --prefix "$work/prefix" --component client >/dev/null
cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_CXX_FLAGS="$flags" -Wno-dev >/dev/null
cmake --build "$work/build" >/dev/null

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name mandate.pc)")
export PKG_CONFIG_PATH
[ -f "$(pkg-config --variable=includedir mandate)/mandate/client.h" ]
# shellcheck disable=SC2046,SC2086  # Both are lists of words.
"$cxx" $flags -o "$work/hello" "$(find "$work/build" -name hello.cc.o)" $(pkg-config --libs mandate)

"$mandate" serve --data "$work/data" --listen 127.0.0.1:0 --http "" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\),.*/\1/p' "$work/log" | head -1)
  [ -z "$port" ] || break
  sleep 0.1
done
[ -n "$port" ] || { cat "$work/log" >&2; exit 1; }
for program in "$work/build/hello" "$work/hello"; do
  out=$("$program" "127.0.0.1:$port")
  echo "$out"
  [ "$out" = "user:alice may view document:plan
user:bob may not view document:plan" ]
done
