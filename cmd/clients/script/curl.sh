# curl, which can sign requests by itself.
. "$LIB/lib.sh"
echo hello >small
random big 17000000
sign() { "$CLIENT" -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$@"; }
sum() { sha256sum | cut -c -64; }
empty=$(sum </dev/null)
step 'create' sign -H "x-amz-content-sha256: $empty" -X PUT "$ENDPOINT/curled"
step 'put' sign -H "x-amz-content-sha256: $(sum <small)" -T small "$ENDPOINT/curled/a"
step 'put, unsigned payload' sign -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T big "$ENDPOINT/curled/b"
says 'get' '^hello$' sign -H "x-amz-content-sha256: $empty" "$ENDPOINT/curled/a"
says 'list' '<Key>b</Key>' sign -H "x-amz-content-sha256: $empty" "$ENDPOINT/curled/"
refuses 'put with another body than was signed' 'XAmzContentSHA256Mismatch' sign -H "x-amz-content-sha256: $empty" -T small "$ENDPOINT/curled/c"
refuses 'anonymous' 'AccessDenied' "$CLIENT" -sS --fail-with-body "$ENDPOINT/curled/a"
