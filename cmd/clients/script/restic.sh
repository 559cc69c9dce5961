# restic: a repository in a bucket, from init to prune.
. "$LIB/lib.sh"
export RESTIC_PASSWORD=secret RESTIC_REPOSITORY=s3:$ENDPOINT/restic/repo RESTIC_CACHE_DIR=$WORK/.cache
tree src
random src/more.bin 30000000
step 'init' "$CLIENT" init
refuses 'init twice' 'already (exists|initialized)' "$CLIENT" init
step 'backup' "$CLIENT" backup "$WORK/src"
step 'check --read-data' "$CLIENT" check --read-data
for i in $(seq 50); do echo "$i" >"src/f$i"; done
rm src/plain.txt
step 'backup again' "$CLIENT" backup "$WORK/src"
step 'backup from standard input' sh -c "head -c 9000000 /dev/urandom | tee in | $CLIENT backup --stdin --stdin-filename in"
says 'snapshots' '3 snapshots' "$CLIENT" snapshots
step 'diff' sh -c "$CLIENT diff \$($CLIENT snapshots --json | grep -o '\"short_id\":\"[0-9a-f]*' | cut -d '\"' -f 4 | head -n 2)"
step 'dump' sh -c "$CLIENT dump latest in | cmp - in"
step 'restore' "$CLIENT" restore latest --path "$WORK/src" --target dst
step 'restore is the same' diff -r src "dst$WORK/src"
step 'tag' "$CLIENT" tag --set kept latest
step 'forget --prune' "$CLIENT" forget --keep-last 1 --prune
step 'check after prune' "$CLIENT" check --read-data
step 'list locks' "$CLIENT" list locks
step 'unlock' "$CLIENT" unlock
says 'stats' 'Total Size' "$CLIENT" stats
step 'key add' sh -c "echo other >pw && $CLIENT key add --new-password-file pw"
step 'rebuild-index' "$CLIENT" rebuild-index
refuses 'wrong keys' 'Access Denied|InvalidAccessKeyId|Access Key' env AWS_ACCESS_KEY_ID=nobody "$CLIENT" -r "s3:$ENDPOINT/other" --no-cache snapshots
