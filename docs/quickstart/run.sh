#!/usr/bin/env bash
# run.sh python|node|go [HOST:PORT]: makes the stubs of a language and runs its program against a server. Ends with 77 where
# what the language needs is not there.
set -euo pipefail
language=${1:?which: python, node or go}
server=${2:-localhost:50051}
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../proto
services=("$protos"/mandate/v1/*.proto)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lacks() {
  echo "NOT RUN: $1" >&2
  exit 77
}

case $language in
  python) # apt-get install python3-grpcio protobuf-compiler-grpc
    protoc -I "$protos" --python_out="$work" --grpc_python_out="$work" \
      --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" "${services[@]}" "$protos"/google/rpc/*.proto
    PYTHONPATH=$work /usr/bin/python3 "$here/python/hello.py" "$server"
    ;;
  node) # npm ci
    command -v node >/dev/null || lacks "Node is not installed"
    [ -d "$here/node/node_modules" ] || lacks "its packages are not installed; npm ci in docs/quickstart/node does"
    node "$here/node/hello.mjs" "$server"
    ;;
  go)
    command -v go >/dev/null || lacks "Go is not installed"
    export GOBIN=$work/bin
    go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
    go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
    cp "$here"/go/* "$work"
    flags=()
    for proto in "${services[@]}"; do
      flags+=(--go_opt="M${proto#"$protos"/}=hello/mandate/v1" --go-grpc_opt="M${proto#"$protos"/}=hello/mandate/v1")
    done
    rpc=google.golang.org/genproto/googleapis/rpc
    flags+=(--go_opt="Mgoogle/rpc/status.proto=$rpc/status" --go-grpc_opt="Mgoogle/rpc/status.proto=$rpc/status")
    PATH=$GOBIN:$PATH protoc -I "$protos" --go_out="$work" --go-grpc_out="$work" --go_opt=module=hello \
      --go-grpc_opt=module=hello "${flags[@]}" "${services[@]}"
    cd "$work"
    go mod tidy >/dev/null 2>tidy || { cat tidy >&2; exit 1; }
    go run . "$server"
    ;;
  *)
    echo "error: no program in \`$language\`; there is python, node and go" >&2
    exit 2
    ;;
esac
