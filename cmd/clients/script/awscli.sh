# The AWS CLI: high-level s3 commands, then s3api. CLIENT is the command.
. "$LIB/lib.sh"
aws() { "$CLIENT" --endpoint-url "$ENDPOINT" "$@"; }
api() { aws s3api "$@"; }

export AWS_CONFIG_FILE=$WORK/.aws AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
printf '[default]\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n  multipart_threshold = 8MB\n' >"$AWS_CONFIG_FILE"

# --- aws s3
step 's3 mb' aws s3 mb s3://cli
says 's3 ls' ' cli$' aws s3 ls
refuses 's3 ls of a missing bucket' 'NoSuchBucket' aws s3 ls s3://no-such-bucket-here
refuses 's3 cp of a missing key' '404' aws s3 cp s3://cli/none ./none
echo hello >small
random big 20971521
step 's3 cp up' aws s3 cp small s3://cli/small
step 's3 cp up, multipart' aws s3 cp big s3://cli/big
step 's3 cp down, multipart' aws s3 cp s3://cli/big big.got
step 's3 cp down is the same' cmp big big.got
step 's3 cp of a stream up' sh -c "cat big | $CLIENT --endpoint-url $ENDPOINT s3 cp - s3://cli/stream"
step 's3 cp of a stream down' sh -c "$CLIENT --endpoint-url $ENDPOINT s3 cp s3://cli/stream - | cmp - big"
step 's3 cp in the server, multipart' aws s3 cp s3://cli/big s3://cli/big.copy
says 's3 cp in the server kept the size' '20971521' aws s3 ls s3://cli/big.copy
step 's3 mv in the server' aws s3 mv s3://cli/small 's3://cli/moved here+now.txt'
step 's3 cp with metadata' aws s3 cp small s3://cli/meta --metadata color=blue,shape=round --content-type text/x-test --cache-control max-age=3 --storage-class STANDARD
says 's3api head-object shows it' '"color": "blue"' api head-object --bucket cli --key meta
tree src
step 's3 sync up' aws s3 sync src s3://cli/tree
step 's3 sync down' aws s3 sync s3://cli/tree dst
step 's3 sync is the same' diff -r src dst
says 's3 sync again does nothing' '^$' sh -c "$CLIENT --endpoint-url $ENDPOINT s3 sync src s3://cli/tree; echo"
rm src/plain.txt
says 's3 sync --delete' 'delete: s3://cli/tree/plain.txt' aws s3 sync src s3://cli/tree --delete
step 's3 sync in the server' aws s3 sync s3://cli/tree s3://cli/tree2
step 's3 ls --recursive --summarize' sh -c "$CLIENT --endpoint-url $ENDPOINT s3 ls --recursive --summarize s3://cli/tree2 | grep 'Total Objects: 8'"
says 's3 presign' '^hello$' sh -c "curl -sS \"\$($CLIENT --endpoint-url $ENDPOINT s3 presign s3://cli/meta)\""
refuses 's3 rb of a full bucket' 'BucketNotEmpty' aws s3 rb s3://cli
mkdir many; for i in $(seq -w 1100); do echo >"many/k$i"; done
aws configure set default.s3.max_concurrent_requests 20
step 's3 cp --recursive of 1,100' aws s3 cp --quiet --recursive many s3://cli/many/
step 's3 ls of 1,100 in pages of 100' sh -c "[ \$($CLIENT --endpoint-url $ENDPOINT s3 ls s3://cli/many/ --page-size 100 | wc -l) = 1100 ]"
step 's3 rm --recursive' aws s3 rm --quiet --recursive s3://cli/many/

# --- aws s3api: objects
step 'head-bucket' api head-bucket --bucket cli
refuses 'head-bucket of a missing one' '404' api head-bucket --bucket no-such-bucket-here
refuses 'get-object of a missing key' 'NoSuchKey' api get-object --bucket cli --key none none
says 'get-object --range' '"bytes 1-3/6"' api get-object --bucket cli --key meta --range bytes=1-3 part
step 'the range is right' sh -c '[ "$(cat part)" = ell ]'
refuses 'get-object of a range past the end' 'InvalidRange' api get-object --bucket cli --key meta --range bytes=100- part
says 'get-object --part-number' '"PartsCount": 3' api get-object --bucket cli --key big --part-number 1 part
refuses 'get-object --if-none-match' '304' sh -c "$CLIENT --endpoint-url $ENDPOINT s3api get-object --bucket cli --key meta --if-none-match \"\$($CLIENT --endpoint-url $ENDPOINT s3api head-object --bucket cli --key meta --query ETag --output text)\" x"
says 'list-objects-v2 with a delimiter' '"Prefix": "tree2/sub/"' api list-objects-v2 --bucket cli --prefix tree2/ --delimiter /
says 'list-objects with a delimiter' '"Prefix": "tree2/sub/"' api list-objects --bucket cli --prefix tree2/ --delimiter /
says 'list-objects-v2 --max-items' 'NextToken' api list-objects-v2 --bucket cli --max-items 2
says 'put-object with a tag' 'ETag' api put-object --bucket cli --key tagged --body small --tagging 'a=1&b=two%20words'
says 'get-object-tagging' 'two words' api get-object-tagging --bucket cli --key tagged
step 'put-object-tagging' api put-object-tagging --bucket cli --key tagged --tagging 'TagSet=[{Key=c,Value=3}]'
step 'delete-object-tagging' api delete-object-tagging --bucket cli --key tagged
says 'copy-object REPLACE' 'CopyObjectResult' api copy-object --bucket cli --key meta2 --copy-source cli/meta --metadata-directive REPLACE --metadata new=1
says 'and the old metadata is gone' '"new": "1"' sh -c "$CLIENT --endpoint-url $ENDPOINT s3api head-object --bucket cli --key meta2 | tee /dev/stderr | grep -v blue"
says 'copy-object of a key with + and unicode' 'CopyObjectResult' api copy-object --bucket cli --key copied --copy-source 'cli/tree2/ünï cödé/日本語 – ☃.txt'
says 'get-object-attributes' '"ObjectSize": 20971521' api get-object-attributes --bucket cli --key big --object-attributes ETag ObjectSize ObjectParts Checksum StorageClass
for a in CRC32 CRC32C SHA1 SHA256 CRC64NVME SHA512 XXHASH64 XXHASH3 XXHASH128; do
  if api put-object --bucket cli --key sum-$a --body small --checksum-algorithm $a 2>&1 | grep -Eqi 'Missing Dependency|unsupported checksum|invalid choice'; then
    skip "put-object --checksum-algorithm $a" 'needs a native library that is not installed, or a later version'
    continue
  fi
  says "put-object --checksum-algorithm $a" "\"Checksum$a\": \"[A-Za-z0-9+/=]+\"" api put-object --bucket cli --key sum-$a --body small --checksum-algorithm $a
  says "head-object --checksum-mode shows $a" "\"Checksum$a\"" api head-object --bucket cli --key sum-$a --checksum-mode ENABLED
  step "s3api get-object verifies $a" api get-object --bucket cli --key sum-$a --checksum-mode ENABLED x
done
refuses 'put-object with a wrong Content-MD5' 'BadDigest|InvalidDigest' api put-object --bucket cli --key bad --body small --content-md5 AAAAAAAAAAAAAAAAAAAAAA==
refuses 'and nothing was stored' '404' api head-object --bucket cli --key bad
says 'delete-objects' '"Deleted"' api delete-objects --bucket cli --delete 'Objects=[{Key=meta2},{Key=copied},{Key=never-was}]'
if api put-object help 2>/dev/null | col -b | grep -q -- --if-none-match; then
  step 'put-object --if-none-match of a new key' api put-object --bucket cli --key once --body small --if-none-match '*'
  refuses 'and of one that exists' 'PreconditionFailed' api put-object --bucket cli --key once --body small --if-none-match '*'
else
  skip 'put-object --if-none-match' 'this CLI is older than it'
fi

# --- multipart
random p1 5242880; random p2 100
id=$(api create-multipart-upload --bucket cli --key mp --checksum-algorithm SHA256 --query UploadId --output text)
e1=$(api upload-part --bucket cli --key mp --upload-id "$id" --part-number 1 --body p1 --checksum-algorithm SHA256 --query '[ETag,ChecksumSHA256]' --output text)
e2=$(api upload-part --bucket cli --key mp --upload-id "$id" --part-number 2 --body p2 --checksum-algorithm SHA256 --query '[ETag,ChecksumSHA256]' --output text)
says 'list-parts' '"PartNumber": 2' api list-parts --bucket cli --key mp --upload-id "$id"
says 'list-multipart-uploads' '"Key": "mp"' api list-multipart-uploads --bucket cli
parts() { set -- $e1 $e2; printf '{"Parts":[{"PartNumber":1,"ETag":%s,"ChecksumSHA256":"%s"},{"PartNumber":2,"ETag":%s,"ChecksumSHA256":"%s"}]}' "$1" "$2" "$3" "$4"; }
says 'complete-multipart-upload' '"ChecksumSHA256": ".*-2"' api complete-multipart-upload --bucket cli --key mp --upload-id "$id" --multipart-upload "$(parts)"
id=$(api create-multipart-upload --bucket cli --key ab --query UploadId --output text)
says 'upload-part-copy' 'CopyPartResult' api upload-part-copy --bucket cli --key ab --upload-id "$id" --part-number 1 --copy-source cli/big --copy-source-range bytes=0-5242879
step 'abort-multipart-upload' api abort-multipart-upload --bucket cli --key ab --upload-id "$id"
refuses 'list-parts after it' 'NoSuchUpload' api list-parts --bucket cli --key ab --upload-id "$id"

# --- versions
step 'create-bucket' api create-bucket --bucket ver
refuses 'create-bucket with a bad name' 'InvalidBucketName|Invalid bucket name' api create-bucket --bucket 'Bad..Name'
says 'get-bucket-versioning before' '^$' sh -c "$CLIENT --endpoint-url $ENDPOINT s3api get-bucket-versioning --bucket ver; echo"
step 'put-bucket-versioning' api put-bucket-versioning --bucket ver --versioning-configuration Status=Enabled
says 'get-bucket-versioning' 'Enabled' api get-bucket-versioning --bucket ver
v1=$(api put-object --bucket ver --key k --body small --query VersionId --output text)
step 'put-object again' api put-object --bucket ver --key k --body p2
says 'delete-object makes a marker' '"DeleteMarker": true' api delete-object --bucket ver --key k
refuses 'get-object after it' 'NoSuchKey' api get-object --bucket ver --key k x
says 'list-object-versions' '"DeleteMarkers"' api list-object-versions --bucket ver
step 'get-object --version-id' api get-object --bucket ver --key k --version-id "$v1" x
step 'it is the first one' cmp x small
refuses 'delete-bucket with versions' 'BucketNotEmpty' api delete-bucket --bucket ver
step 'delete-objects of all versions' sh -c "$CLIENT --endpoint-url $ENDPOINT s3api list-object-versions --bucket ver --query '{Objects: [Versions,DeleteMarkers][].{Key:Key,VersionId:VersionId}}' >del && $CLIENT --endpoint-url $ENDPOINT s3api delete-objects --bucket ver --delete file://del"
step 'delete-bucket' api delete-bucket --bucket ver

# --- what a bucket that nobody configured says
refuses 'get-bucket-policy' 'NoSuchBucketPolicy' api get-bucket-policy --bucket cli
refuses 'get-bucket-policy-status' 'NoSuchBucketPolicy' api get-bucket-policy-status --bucket cli
refuses 'get-bucket-lifecycle-configuration' 'NoSuchLifecycleConfiguration' api get-bucket-lifecycle-configuration --bucket cli
refuses 'get-bucket-cors' 'NoSuchCORSConfiguration' api get-bucket-cors --bucket cli
refuses 'get-bucket-website' 'NoSuchWebsiteConfiguration' api get-bucket-website --bucket cli
refuses 'get-bucket-tagging' 'NoSuchTagSet' api get-bucket-tagging --bucket cli
refuses 'get-bucket-replication' 'ReplicationConfigurationNotFoundError' api get-bucket-replication --bucket cli
refuses 'get-object-lock-configuration' 'ObjectLockConfigurationNotFoundError' api get-object-lock-configuration --bucket cli
says 'get-bucket-encryption' 'AES256' api get-bucket-encryption --bucket cli
refuses 'get-bucket-metrics-configuration' 'NoSuchConfiguration' api get-bucket-metrics-configuration --bucket cli --id x
says 'get-bucket-location' 'LocationConstraint' api get-bucket-location --bucket cli
says 'get-bucket-acl' 'FULL_CONTROL' api get-bucket-acl --bucket cli
says 'get-object-acl' 'FULL_CONTROL' api get-object-acl --bucket cli --key big
says 'get-bucket-request-payment' 'BucketOwner' api get-bucket-request-payment --bucket cli
says 'get-bucket-ownership-controls' 'BucketOwnerEnforced' api get-bucket-ownership-controls --bucket cli
says 'get-public-access-block' '"BlockPublicAcls": true' api get-public-access-block --bucket cli
step 'get-bucket-logging' api get-bucket-logging --bucket cli
step 'get-bucket-accelerate-configuration' api get-bucket-accelerate-configuration --bucket cli
step 'get-bucket-notification-configuration' api get-bucket-notification-configuration --bucket cli
for l in analytics inventory metrics intelligent-tiering; do
  step "list-bucket-$l-configurations" api list-bucket-$l-configurations --bucket cli
done
refuses 'put-bucket-accelerate-configuration' 'NotImplemented' api put-bucket-accelerate-configuration --bucket cli --accelerate-configuration Status=Enabled
step 'put-bucket-tagging' api put-bucket-tagging --bucket cli --tagging 'TagSet=[{Key=a,Value=1}]'
says 'get-bucket-tagging' '"Value": "1"' api get-bucket-tagging --bucket cli
step 'wait bucket-exists' api wait bucket-exists --bucket cli
step 's3 rb --force' aws s3 rb --force s3://cli
refuses 'head-bucket after it' '404' api head-bucket --bucket cli
