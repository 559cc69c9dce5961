# minio-go and the transfer manager of the AWS SDK for Go: the tests of this
# command, each with a server of its own.
. "$LIB/lib.sh"
cd "$OLDPWD"
"$CLIENT" test -count=1 -v -run '^Test(Minio|Transfer)' bleepstore/cmd/clients >"$out" 2>&1
sed -n 's/^--- PASS: \([A-Za-z]*\).*/ok\t\1/p; s/^--- SKIP: \([A-Za-z]*\).*/skip\t\1/p' "$out"
failed=$(sed -n 's/^--- FAIL: \([A-Za-z]*\).*/\1/p' "$out")
for name in $failed; do fail "$name"; done
[ -n "$failed" ] || grep -q '^ok' "$out" || fail 'go test'
