# rclone: sync, check, metadata, server-side copies, and names that are hard.
. "$LIB/lib.sh"
export RCLONE_CONFIG=$WORK/rclone.conf
cat >"$RCLONE_CONFIG" <<CFG
[s]
type = s3
provider = Other
access_key_id = $AWS_ACCESS_KEY_ID
secret_access_key = $AWS_SECRET_ACCESS_KEY
endpoint = $ENDPOINT
upload_cutoff = 8Mi
chunk_size = 5Mi
copy_cutoff = 10Mi
list_chunk = 100
[ver]
type = s3
provider = Other
access_key_id = $AWS_ACCESS_KEY_ID
secret_access_key = $AWS_SECRET_ACCESS_KEY
endpoint = $ENDPOINT
versions = true
[minio]
type = s3
provider = Minio
access_key_id = $AWS_ACCESS_KEY_ID
secret_access_key = $AWS_SECRET_ACCESS_KEY
endpoint = $ENDPOINT
region = us-east-1
CFG
rc() { "$CLIENT" --retries 1 --low-level-retries 2 "$@"; }

step 'mkdir' rc mkdir s:clone
says 'lsd' 'clone$' rc lsd s:
refuses 'ls of a missing bucket' 'directory not found' rc ls s:no-such-bucket-here
tree src
touch -d '2020-02-03 04:05:06.789Z' src/plain.txt
step 'sync up' rc sync src s:clone/tree
step 'check' rc check src s:clone/tree
step 'check --download' rc check --download src s:clone/tree
says 'modification times are kept' '2020-02-03T04:05:06.789' rc lsjson s:clone/tree/plain.txt
says 'sync again does nothing' 'There was nothing to transfer' rc sync -v src s:clone/tree
step 'sync down' rc sync s:clone/tree dst
step 'sync is the same' diff -r src dst
says 'md5sum of a multipart object' "$(md5sum src/sub/deep/big.bin | cut -c -32)" rc md5sum s:clone/tree/sub/deep/big.bin
step 'copy in the server' rc copy s:clone/tree s:clone/copy
step 'check of the copy' rc check s:clone/tree s:clone/copy
step 'moveto in the server' rc moveto s:clone/copy/a+b=c\&d.txt 's:clone/moved/x y+z.txt'
step 'touch a new one' rc touch s:clone/touched
step 'touch an old one' rc touch -t 2001-01-01T00:00:00 s:clone/tree/plain.txt
says 'touch took effect' '2001-01-01' rc lsjson s:clone/tree/plain.txt
echo meta >m
step 'copy with --metadata' rc copyto --metadata --metadata-set color=blue --header-upload 'Content-Type: text/x-test' m s:clone/meta
says 'lsjson --metadata' '"color":"blue"' rc lsjson --metadata s:clone/meta
says 'mime type' 'text/x-test' rc lsjson s:clone/meta
says 'cat --offset --count' '^et$' rc cat --offset 1 --count 2 s:clone/meta
step 'rcat' sh -c "head -c 12000000 /dev/zero | $CLIENT rcat s:clone/stream"
says 'size' 'Total objects: 8' rc size s:clone/copy
mkdir many; for i in $(seq -w 1100); do echo "$i" >"many/k$i"; done
step 'copy of 1,100' rc copy --transfers 16 many s:clone/many
step 'check of 1,100' rc check many s:clone/many
step 'delete --include' rc delete --include 'k0*' s:clone/many
step 'purge' rc purge s:clone/many
says 'test info' 'canStream = true' rc test info --check-normalization --check-control --check-length --check-streaming s:clone/info
says 'link' '^hello$|^meta$' sh -c "curl -sS \"\$($CLIENT link s:clone/meta)\""
step 'deletefile' rc deletefile s:clone/meta
says 'lsf of a missing key is empty' '^$' sh -c "$CLIENT lsf s:clone/meta; echo"
step 'cleanup' rc cleanup s:clone
step 'backend list-multipart-uploads' rc backend list-multipart-uploads s:clone
says 'backend versioning' 'Unversioned' rc backend versioning s:clone
says 'backend versioning Enabled' 'Enabled' rc backend versioning s:clone Enabled
echo one >v; rc copyto v s:clone/v >/dev/null 2>&1; echo second >v; rc copyto v s:clone/v >/dev/null 2>&1
says 'old versions are listed' 'v-v[0-9-]+' rc ls ver:clone
step 'backend cleanup-hidden' rc backend cleanup-hidden s:clone
step 'copy as provider Minio' rc copy src minio:clone/minio
step 'check as provider Minio' rc check src minio:clone/minio
step 'settier' rc settier STANDARD s:clone/tree/plain.txt
refuses 'rmdir of a full bucket' 'not empty' rc rmdir s:clone
step 'purge of a bucket with versions' sh -c "$CLIENT backend versioning s:clone Suspended && $CLIENT delete s:clone && $CLIENT backend cleanup-hidden s:clone"
