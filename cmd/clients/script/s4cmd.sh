# s4cmd: boto3 underneath, many threads on top.
. "$LIB/lib.sh"
export S3_ACCESS_KEY=$AWS_ACCESS_KEY_ID S3_SECRET_KEY=$AWS_SECRET_ACCESS_KEY
s4() { "$CLIENT" --endpoint-url "$ENDPOINT" -t 4 --multipart-split-size=5242880 --max-singlepart-upload-size=8388608 "$@"; }
step 'mb' s4 mb s3://s4cmd
random big 20000000
step 'put, multipart' s4 put big s3://s4cmd/big
step 'get, in parts' s4 get s3://s4cmd/big big.got
step 'get is the same' cmp big big.got
tree src
step 'dsync up' s4 dsync src s3://s4cmd/tree
step 'dsync down' s4 dsync s3://s4cmd/tree dst
step 'dsync is the same' diff -r src dst
step 'cp' s4 cp s3://s4cmd/big s3://s4cmd/big2
says 'ls -r' 'tree/sub/deep/big.bin' s4 ls -r s3://s4cmd/
says 'du -r' 's3://s4cmd/' s4 du -r s3://s4cmd/
step 'del -r' s4 del -r s3://s4cmd/tree
refuses 'get of a missing key' "doesn't exist" s4 get s3://s4cmd/none none
