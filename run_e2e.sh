#!/usr/bin/env bash
# The main job: builds bleepstore, starts it on a free loopback port, runs the
# whole suite against it over the wire and prints the verdicts by area. The
# exit code is that of `bleepstore test`.
#
#   ./run_e2e.sh [--nodes N] [--backend local|memory|sqlite|aws|gcp|azure] [--region NAME] [--bucket-defaults aws|legacy] [--https] [flags of `bleepstore test`...]
#
# --nodes starts a cluster of N processes, and requests take turns over its nodes.
# A cloud is emulated (aws by a second bleepstore, gcp by cmd/fakegcs, azure by
# Azurite), unless BLEEPSTORE_STORAGE_AWS_BUCKET, _GCP_BUCKET or _AZURE_CONTAINER
# names a real one; then the other settings of storage.* are taken as they are too,
# and the objects stay behind, under a prefix that it prints.
# --https sends everything to the TLS address, or addresses. Unless --features or
# --profile is given, all that the server has is claimed.
set -euo pipefail
cd "$(dirname "$0")"

backend=local
nodes=
region=us-east-1
defaults=aws
https=
claim=(--features +versioning,+tagging,+tls,+acl,+public-access-block,+second-account,+policy,+lock,+encryption,+sse-c,+kms-hook,+lifecycle,+website,+cors,+form,+new-checksum --allow-compliance)
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
    -h|--help) sed -n '2,14p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    --features|--features=*|--profile|--profile=*) claim=(); args+=("$1"); shift ;;
    *) args+=("$1"); shift ;;
  esac
done
if [ "$defaults" = legacy ]; then claim+=(--baseline conformance/testdata/legacy.yaml); fi

work=$(mktemp -d)
server=
cloud=
# leave PROCESS [CHILD]: ends a process of ours, of a loop that runs one its child, and waits for it.
leave() { if [ -n "$1" ]; then kill -TERM "${2:-$1}" 2>/dev/null || true; wait "$1" 2>/dev/null || true; fi; }
finish() {
  code=$?
  leave "$server" "$(cat "$work/pid" 2>/dev/null || true)"
  leave "$cloud"
  if [ $code -ne 0 ]; then
    for log in "$work"/server.log "$work"/data/node-*.log "$work"/cloud.log; do
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
said() { sed -n "s|^\(node-1:\)\{0,1\} *$1 at http://||p" "$work/server.log" | head -n 1; }

# ready FILE PROCESS TRIES: waits until the process has written to the file.
ready() {
  for _ in $(seq "$3"); do
    [ -s "$1" ] && return
    kill -0 "$2" 2>/dev/null || { echo "${1##*/}: the process ended before it was ready"; exit 3; }
    sleep 0.05
  done
  echo "${1##*/}: the process was not ready in time"
  exit 3
}

# apart VARIABLE: puts a run in a real bucket under a prefix of its own.
apart() {
  export "$1=${!1:-}bleep-e2e-$(date +%s)-$$/"
  echo "what the backend writes stays in the bucket, under ${!1}"
}

tags=()
case $backend in gcp|azure) tags=(-tags cloud) ;; esac
mkdir -p bin
go build "${tags[@]}" -o bin/bleepstore ./cmd/bleepstore

case $backend in
  aws)
    if [ -z "${BLEEPSTORE_STORAGE_AWS_BUCKET:-}" ]; then
      bin/bleepstore serve --addr 127.0.0.1:0 --addr-file "$work/cloud.url" --ops-addr off --data "$work/cloud" --access-key cloud --secret-key cloud-secret-key >"$work/cloud.log" 2>&1 &
      cloud=$!
      ready "$work/cloud.url" $cloud 200
      url=$(cat "$work/cloud.url")
      bin/bleepstore bucket --endpoint "$url" --access-key cloud --secret-key cloud-secret-key blobs
      export BLEEPSTORE_STORAGE_AWS_BUCKET=blobs BLEEPSTORE_STORAGE_AWS_REGION=us-east-1 BLEEPSTORE_STORAGE_AWS_ENDPOINT_URL=$url BLEEPSTORE_STORAGE_AWS_USE_PATH_STYLE=true \
        BLEEPSTORE_STORAGE_AWS_ACCESS_KEY_ID=cloud BLEEPSTORE_STORAGE_AWS_SECRET_ACCESS_KEY=cloud-secret-key
    else
      apart BLEEPSTORE_STORAGE_AWS_PREFIX
    fi ;;
  gcp)
    if [ -z "${BLEEPSTORE_STORAGE_GCP_BUCKET:-}" ]; then
      go build -tags cloud -o bin/fakegcs ./cmd/fakegcs
      bin/fakegcs -addr-file "$work/cloud.url" >"$work/cloud.log" 2>&1 &
      cloud=$!
      ready "$work/cloud.url" $cloud 200
      export BLEEPSTORE_STORAGE_GCP_BUCKET=blobs STORAGE_EMULATOR_HOST=$(cat "$work/cloud.url")
    else
      apart BLEEPSTORE_STORAGE_GCP_PREFIX
    fi ;;
  azure)
    if [ -z "${BLEEPSTORE_STORAGE_AZURE_CONTAINER:-}" ]; then
      modules=$(.ci/azurite) || exit 3
      mkfifo "$work/cloud.stdin"
      node .ci/azurite.mjs "$modules" <"$work/cloud.stdin" >"$work/cloud.url" 2>"$work/cloud.log" &
      cloud=$!
      exec 9>"$work/cloud.stdin" # which ends with this script
      ready "$work/cloud.url" $cloud 600
      export BLEEPSTORE_STORAGE_AZURE_CONTAINER=blobs BLEEPSTORE_STORAGE_AZURE_CONNECTION_STRING=$(cat "$work/cloud.url")
    else
      apart BLEEPSTORE_STORAGE_AZURE_PREFIX
    fi ;;
esac
echo 'auth: {users: [{access_key: e2e-alt, secret_key: e2e-alt-secret-key, name: alt}]}' >"$work/accounts.yaml"
common=(--config "$work/accounts.yaml" --addr 127.0.0.1:0 --addr-file "$work/url" --data "$work/data" --backend "$backend" \
  --region "$region" --bucket-defaults "$defaults" --access-key e2e --secret-key e2e-secret-key)
if [ -n "$nodes" ]; then
  bin/bleepstore cluster --nodes "$nodes" --tls --website-addr 127.0.0.1:0 "${common[@]}" >"$work/server.log" 2>&1 &
else
  # Lifecycles are looked at in days to come, and the server is killed: not a cluster, whose nodes have no such hooks.
  export CLOCK_HOOK_TOKEN=e2e-token
  keep &
fi
server=$!
ready "$work/url" $server $((nodes ? 1300 : 200))

args+=(--website-endpoint "http://$(said websites)")
[ ${#claim[@]} -eq 0 ] || claim[1]+=,+website-endpoint
if [ -z "$nodes" ]; then
  args+=(--clock-hook "http://$(said "health, metrics and documentation")/admin/lifecycle?bucket={bucket}&at={at}")
  [ ${#claim[@]} -eq 0 ] || claim[1]+=,+clock-hook
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
