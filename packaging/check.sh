#!/usr/bin/env bash
# check.sh MANDATE: fails unless what is packaged fits the binary, and itself: the unit, mandate.conf (with which the server is
# started), the image and the manifest. Needs no root and installs nothing; what it cannot look at here it says.
set -euo pipefail
export LC_ALL=C
mandate=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
# What the caller's environment says of a server is not what is packaged.
for variable in $(compgen -e MANDATE_ || true); do unset "$variable"; done

fail() {
  echo "error: $*" >&2
  exit 1
}

# --- What the binary takes and a file may hold: `NAME` or `NAME=DEFAULT`, one a line.
"$mandate" serve --help | sed -nE 's/ \(Env:.*//p' |
  sed -E 's/^ +--//; s/^([a-z-]+) .*=([^ =]*)$/\1=\2/; s/^([a-z-]+) .*$/\1/' >"$work/taken"
cut -d= -f1 "$work/taken" | sort >"$work/options"
grep -qx listen "$work/options" || fail "\`serve --help\` is not read as it is written"

# is_option NAME WHERE
is_option() { grep -qx -- "$1" "$work/options" || fail "$2: \`$1\` is no option of \`mandate serve\`"; }

# --- mandate.conf: every option, once, and defaults that are those of the binary.
conf=debian/mandate.conf
sed -nE 's/^(# )?([a-z][a-z-]*) = (.*)$/\2/p' "$conf" >"$work/named"
while read -r name; do is_option "$name" "$conf"; done <"$work/named"
sort "$work/named" | diff "$work/options" - >"$work/difference" ||
  fail "$conf and \`serve --help\` differ (< is missing in the file, > stands there twice): $(grep '^[<>]' "$work/difference" | tr '\n' ' ')"
while IFS== read -r name default; do
  [ -n "$default" ] && [ "$name" != data ] || continue
  shown=$(sed -nE "s/^(# )?$name = \"?([^\"]*)\"?$/\\2/p" "$conf")
  [ "$shown" = "$default" ] || fail "$conf shows $name = $shown; it is $default unless it is set"
done <"$work/taken"

# serve CONF HTTP: starts with it, on a directory and ports of our own, writes a schema, and stops.
serve() {
  rm -rf "$work/db"
  : >"$work/log"  # What stands in it is of this server, from the first look on.
  "$mandate" serve --config "$1" --data "$work/db" --listen 127.0.0.1:0 --http "$2" 2>"$work/log" &
  server=$!
  for _ in $(seq 300); do
    grep -q ' serving ' "$work/log" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; fail "the server does not start with $1"; }
    sleep 0.1
  done
  local address
  address=$(sed -n 's/.* on \(127\.0\.0\.1:[0-9]*\), .*HTTP.*/\1/p' "$work/log" | head -n 1)
  [ -n "$address" ] || { cat "$work/log" >&2; fail "the server does not serve with $1"; }
  "$mandate" schema write ../tools/demo/demo.zed --server "$address" >/dev/null
  kill -TERM "$server"
  local code=0
  wait "$server" || code=$?
  server=
  [ "$code" = 0 ] && grep -q ' stopped$' "$work/log" || { cat "$work/log" >&2; fail "it ended with $code, not by stopping"; }
}
serve "$conf" ""
# What stands behind a `#` can be taken as it is, but for files that only an administrator has.
sed -E 's/^# ([a-z][a-z-]* = )/\1/; s/^(tls-[a-z-]+|keys) = /# &/' "$conf" >"$work/all.conf"
serve "$work/all.conf" 127.0.0.1:0

# --- The unit, and what dpkg runs.
unit=debian/mandate.service
for setting in 'ExecStart=/usr/bin/mandate serve --config /etc/mandate/mandate.conf' User=mandate StateDirectory=mandate \
  ConfigurationDirectory=mandate UMask=0077 NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes \
  PrivateTmp=yes PrivateDevices=yes ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes \
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX' MemoryDenyWriteExecute=yes SystemCallFilter=@system-service \
  LimitNOFILE=65536 LimitCORE=0 Restart=on-failure KillSignal=SIGTERM; do
  grep -qxF -- "$setting" "$unit" || fail "$unit: \`$setting\` is missing"
done
stop_seconds=$(sed -nE 's/^TimeoutStopSec=([0-9]+)s$/\1/p' "$unit")
[ "${stop_seconds:-0}" -gt 10 ] || fail "$unit: TimeoutStopSec leaves no time for calls under way, which have 10 s"
grep -qx /etc/mandate/mandate.conf debian/conffiles || fail "debian/conffiles lacks mandate.conf"
for script in debian/postinst debian/prerm debian/postrm; do
  sh -n "$script"
  [ -x "$script" ] || fail "$script is not executable"
done
if command -v systemd-analyze >/dev/null; then
  # It looks for the program where the package puts it.
  sed "s#^ExecStart=/usr/bin/mandate#ExecStart=$mandate#" "$unit" >"$work/mandate.service"
  systemd-analyze verify --man=no "$work/mandate.service" >"$work/verified" 2>&1 || true
  # It passes over keys that it does not know, and tells of units that are not ours.
  ! grep 'mandate\.service' "$work/verified" >&2 || fail "$unit is not as systemd wants it"
else
  echo "left out: systemd-analyze verify, which is not there"
fi

# --- The image and the manifest: they use what there is.
while read -r name; do
  is_option "$(tr A-Z_ a-z- <<<"${name#MANDATE_SERVE_}")" docker/Dockerfile
done < <(grep -o 'MANDATE_SERVE_[A-Z_]*' docker/Dockerfile)
while read -r name; do
  is_option "$name" kubernetes/mandate.yaml
done < <(sed -nE 's/^ +- --([a-z-]+)(=.*)?$/\1/p' kubernetes/mandate.yaml)
user=$(sed -nE 's/^USER ([0-9]+):[0-9]+$/\1/p' docker/Dockerfile)
grep -qx " *runAsUser: ${user:-none}" kubernetes/mandate.yaml || fail "the image and the manifest name different users"

python=
for one in python3 /usr/bin/python3; do
  if command -v "$one" >/dev/null && "$one" -c 'import yaml' 2>/dev/null; then python=$one; fi
done
if [ -n "$python" ]; then
  "$python" kubernetes/check.py kubernetes/mandate.yaml kubernetes/secrets.example.yaml
else
  for setting in 'kind: StatefulSet' 'replicas: 1' 'kind: Service' 'kind: NetworkPolicy' 'runAsNonRoot: true' \
    'readOnlyRootFilesystem: true' 'type: RuntimeDefault' 'path: /healthz' 'path: /readyz'; do
    grep -qF "$setting" kubernetes/mandate.yaml || fail "kubernetes/mandate.yaml: \`$setting\` is missing"
  done
  echo "left out: the manifest as YAML, since python3-yaml is not there"
fi
echo "packaging: what is there holds together"
