#!/usr/bin/env bash
# The main job: builds bleepstore, starts it on a free loopback port, runs the
# whole suite against it over the wire and prints the verdicts by area. The
# exit code is that of `bleepstore test`.
#
#   ./run_e2e.sh [--nodes N] [--backend local|memory|sqlite] [--region NAME] [--bucket-defaults aws|legacy] [--https] [flags of `bleepstore test`...]
#
# --nodes starts a cluster of N processes, and requests take turns over its nodes.
# --https sends everything to the TLS address, or addresses. Unless --features or
# --profile is given, all that the server has is claimed.
set -euo pipefail
cd "$(dirname "$0")"

backend=local
nodes=
region=us-east-1
defaults=aws
https=
claim=(--features +versioning,+tagging,+tls,+acl,+public-access-block,+second-account,+policy,+lock,+encryption,+sse-c,+kms-hook,+lifecycle,+website,+cors,+form --allow-compliance)
args=()
while [ $# -gt 0 ]; do
  case $1 in
    --backend) backend=$2; shift 2 ;;
    --backend=*) backend=${1#*=}; shift ;;
    --nodes) nodes=$2; shift 2 ;;
    --nodes=*) nodes=${1#*=}; shift ;;
    --region) region=$2; shift 2 ;;
    --region=*) region=${1#*=}; shift ;;
    --bucket-defaults) defaults=$2; shift 2 ;;
    --bucket-defaults=*) defaults=${1#*=}; shift ;;
    --https) https=1; shift ;;
    -h|--help) sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    --features|--features=*|--profile|--profile=*) claim=(); args+=("$1"); shift ;;
    *) args+=("$1"); shift ;;
  esac
done
if [ "$defaults" = legacy ]; then claim+=(--baseline conformance/testdata/legacy.yaml); fi

work=$(mktemp -d)
server=
finish() {
  code=$?
  if [ -n "$server" ]; then kill -TERM "$(cat "$work/pid" 2>/dev/null || echo "$server")" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  if [ $code -ne 0 ]; then
    for log in "$work"/server.log "$work"/data/node-*.log; do
      [ ! -s "$log" ] || { echo "-- the end of ${log##*/}:"; tail -n 20 "$log"; }
    done
  fi
  rm -rf "$work"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# keep runs the server, and again at the same addresses whenever it was killed.
keep() {
  local again=(--tls-addr 127.0.0.1:0 --website-addr 127.0.0.1:0) code
  while :; do
    BLEEPSTORE_SERVER_ADMIN_TOKEN=$CLOCK_HOOK_TOKEN bin/bleepstore serve --test-clock --tls self-signed "${common[@]}" "${again[@]}" >>"$work/server.log" 2>&1 &
    echo $! >"$work/pid.new"
    mv "$work/pid.new" "$work/pid"
    code=0
    { wait $! || code=$?; } 2>/dev/null # which would tell that it was killed
    [ $code -eq 137 ] || exit $code
    again=(--addr "$(at http)" --tls-addr "$(at https)" --ops-addr "$(said "health, metrics and documentation")" --website-addr "$(said websites)")
  done
}

# at is where the server listens for a scheme, said where it first said that something else is.
at() { sed -n "s,^$1://,,p" "$work/url"; }
said() { sed -n "s|^  $1 at http://||p" "$work/server.log" | head -n 1; }

mkdir -p bin
go build -o bin/bleepstore ./cmd/bleepstore
echo 'auth: {users: [{access_key: e2e-alt, secret_key: e2e-alt-secret-key, name: alt}]}' >"$work/accounts.yaml"
common=(--config "$work/accounts.yaml" --addr 127.0.0.1:0 --addr-file "$work/url" --data "$work/data" --backend "$backend" \
  --region "$region" --bucket-defaults "$defaults" --access-key e2e --secret-key e2e-secret-key)
if [ -n "$nodes" ]; then
  bin/bleepstore cluster --nodes "$nodes" --tls "${common[@]}" >"$work/server.log" 2>&1 &
else
  # Lifecycles are looked at in days to come, and the server is killed: not a cluster, whose nodes have no such hooks.
  export CLOCK_HOOK_TOKEN=e2e-token
  keep &
fi
server=$!
for _ in $(seq $((nodes ? 1300 : 200))); do
  [ -s "$work/url" ] && break
  kill -0 "$server" 2>/dev/null || { echo "the server ended before it was ready"; exit 3; }
  sleep 0.05
done
[ -s "$work/url" ] || { echo "the server was not ready in time"; exit 3; }

if [ -z "$nodes" ]; then
  args+=(--clock-hook "http://$(said "health, metrics and documentation")/admin/lifecycle?bucket={bucket}&at={at}" --website-endpoint "http://$(said websites)")
  [ ${#claim[@]} -eq 0 ] || claim[1]+=,+clock-hook,+website-endpoint
  if [ "$backend" != memory ]; then
    cat >"$work/kill" <<'END'
#!/bin/sh
# Kills the server whose process id is in $1, and waits until another has followed.
old=$(cat "$1")
kill -KILL "$old"
while [ "$(cat "$1")" = "$old" ]; do sleep 0.05; done
END
    args+=(--kill-hook "sh $work/kill $work/pid")
    [ ${#claim[@]} -eq 0 ] || claim[1]+=,+kill-hook
  fi
fi

url=$(grep '^http:' "$work/url" | paste -sd,)
tls=$(grep '^https:' "$work/url" | paste -sd,)
[ -z "$https" ] || url=$tls
echo "bleepstore (${nodes:+$nodes nodes, }$backend, $region, $defaults) at $url and ${tls%%,*}"
bin/bleepstore test --endpoint "$url" --tls-endpoint "${tls%%,*}" --k --region "$region" --access-key e2e --secret-key e2e-secret-key \
  --alt-access-key e2e-alt --alt-secret-key e2e-alt-secret-key "${claim[@]}" "${args[@]}"
