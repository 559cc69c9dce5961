#!/usr/bin/env bash
# The main job: builds bleepstore, starts it on a free loopback port, runs the
# whole suite against it over the wire and prints the verdicts by area. The
# exit code is that of `bleepstore test`.
#
#   ./run_e2e.sh [--backend local|memory|sqlite] [--region NAME] [--bucket-defaults aws|legacy] [--https] [flags of `bleepstore test`...]
#
# --https sends everything to the TLS address. Unless --features or --profile is
# given, all that the server has is claimed.
set -euo pipefail
cd "$(dirname "$0")"

backend=local
region=us-east-1
defaults=aws
https=
claim=(--features +versioning,+tagging,+tls,+acl,+public-access-block,+second-account,+policy)
args=()
while [ $# -gt 0 ]; do
  case $1 in
    --backend) backend=$2; shift 2 ;;
    --backend=*) backend=${1#*=}; shift ;;
    --region) region=$2; shift 2 ;;
    --region=*) region=${1#*=}; shift ;;
    --bucket-defaults) defaults=$2; shift 2 ;;
    --bucket-defaults=*) defaults=${1#*=}; shift ;;
    --https) https=1; shift ;;
    -h|--help) sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    --features|--features=*|--profile|--profile=*) claim=(); args+=("$1"); shift ;;
    *) args+=("$1"); shift ;;
  esac
done
if [ "$defaults" = legacy ]; then claim+=(--baseline conformance/testdata/legacy.yaml); fi

work=$(mktemp -d)
server=
finish() {
  code=$?
  if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  if [ $code -ne 0 ] && [ -s "$work/server.log" ]; then echo "-- the end of the server's log:"; tail -n 20 "$work/server.log"; fi
  rm -rf "$work"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir -p bin
go build -o bin/bleepstore ./cmd/bleepstore
echo 'auth: {users: [{access_key: e2e-alt, secret_key: e2e-alt-secret-key, name: alt}]}' >"$work/accounts.yaml"
bin/bleepstore serve --config "$work/accounts.yaml" --addr 127.0.0.1:0 --addr-file "$work/url" --data "$work/data" \
  --backend "$backend" --region "$region" --tls self-signed --tls-addr 127.0.0.1:0 \
  --bucket-defaults "$defaults" --access-key e2e --secret-key e2e-secret-key >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 200); do
  [ -s "$work/url" ] && break
  kill -0 "$server" 2>/dev/null || { echo "the server ended before it was ready"; exit 3; }
  sleep 0.05
done
[ -s "$work/url" ] || { echo "the server was not ready within 10 s"; exit 3; }

{ read -r url; read -r tls; } <"$work/url"
[ -z "$https" ] || url=$tls
echo "bleepstore ($backend, $region, $defaults) at $url and $tls"
bin/bleepstore test --endpoint "$url" --tls-endpoint "$tls" --k --region "$region" --access-key e2e --secret-key e2e-secret-key \
  --alt-access-key e2e-alt --alt-secret-key e2e-alt-secret-key "${claim[@]}" "${args[@]}"
