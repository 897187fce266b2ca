#!/usr/bin/env bash
# demo.sh MANDATE: starts a server on a temporary directory, loads the example beside this file, asks a person's and an
# agent's questions, and stops.
set -euo pipefail
mandate=$(realpath "$1")
cd "$(dirname "$0")"
data=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; fi; rm -rf "$data"' EXIT

"$mandate" serve --data "$data/db" --listen 127.0.0.1:0 --http "" 2>"$data/log" &
server=$!
for _ in $(seq 100); do
  grep -q ' serving ' "$data/log" && break
  kill -0 "$server" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
  sleep 0.1
done
MANDATE_SERVER=$(sed -n 's/.* on \(127\.0\.0\.1:[0-9]*\),.*/\1/p' "$data/log" | head -n 1)
export MANDATE_SERVER

say() { printf '\n# %s\n' "$1"; }
run() {
  printf '$ mandate'
  printf ' %s' "$@"
  printf '\n'
  local code=0
  "$mandate" "$@" || code=$?
  if [ "$code" -gt 2 ]; then return "$code"; fi
}

say 'A schema and a small company.'
run schema write "demo.zed"
run import "demo.tuples"

say 'May bob, who is in a team that may see the folder, view the plan?'
run check 'document:plan#view@user:bob' --explain

say 'And mallory, who is in it too, but banned from this document?'
run check 'document:plan#view@user:mallory' --explain

say 'The bot, for the errand that alice gave it: what she may do, as far as the errand goes.'
run check 'document:plan#view@assistant:bot' --task errand:42 --explain

say 'Alice may view her diary; the errand does not reach it.'
run check 'document:diary#view@assistant:bot' --task errand:42 --explain

say 'Without a task the bot may do nothing.'
run check 'document:plan#view@assistant:bot'

say 'A session of the bot, before and after alice takes her word back.'
run check 'document:plan#view@run:1'
run relationship delete 'user:alice#acts_on_behalf_of@assistant:bot'
run check 'document:plan#view@run:1'

say 'Who can edit the plan?'
run expand 'document:plan#edit'
