# s3fs: a bucket as a file system, through FUSE.
. "$LIB/lib.sh"
m=$WORK/mnt
mkdir "$m"
echo "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" >pass; chmod 600 pass
curl -sS -o /dev/null -X PUT -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" --aws-sigv4 "aws:amz:$AWS_DEFAULT_REGION:s3" -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$ENDPOINT/mounted"
"$CLIENT" mounted "$m" -f -o "url=$ENDPOINT,use_path_request_style,passwd_file=$WORK/pass,sigv4,enable_noobj_cache,multipart_size=10,parallel_count=4" >fs.log 2>&1 &
fs=$!
trap 'umount "$m" 2>/dev/null || fusermount -u "$m" 2>/dev/null; wait $fs' EXIT
for _ in $(seq 100); do
  mountpoint -q "$m" && break
  kill -0 $fs 2>/dev/null || break
  sleep 0.1
done
if ! mountpoint -q "$m"; then
  cp fs.log "$out"
  if grep -qi 'fuse' fs.log; then skip mount "FUSE does not work here: $(tail -n 1 fs.log)"; else fail mount; fi
  exit 0
fi
ok mount
tree src
step 'cp -r up' cp -r src "$m/"
step 'diff -r' diff -r src "$m/src"
random big 30000000
step 'cp of 30 MB, multipart' cp big "$m/big"
step 'cmp' cmp big "$m/big"
step 'append' sh -c "echo more >>$m/src/plain.txt && echo plain >want && echo more >>want && cmp want $m/src/plain.txt"
step 'overwrite in the middle' sh -c "printf XYZ | dd of=$m/big bs=1 seek=15000000 conv=notrunc 2>/dev/null; printf XYZ | dd of=big bs=1 seek=15000000 conv=notrunc 2>/dev/null; cmp big $m/big"
step 'truncate' sh -c "truncate -s 5 $m/big && [ \$(stat -c %s $m/big) = 5 ]"
step 'mv of a file' sh -c "mv $m/big '$m/moved x+y' && [ ! -e $m/big ] && [ -e '$m/moved x+y' ]"
step 'mv of a directory' sh -c "mv $m/src $m/dir && [ -e $m/dir/sub/empty ]"
step 'chmod' sh -c "chmod 640 '$m/moved x+y' && [ \$(stat -c %a '$m/moved x+y') = 640 ]"
step 'symlink' sh -c "ln -s dir/plain.txt $m/link && cmp want $m/link"
step 'mkdir, rmdir' sh -c "mkdir $m/new && rmdir $m/new && [ ! -e $m/new ]"
refuses 'rmdir of a full directory' 'not empty' rmdir "$m/dir"
step 'touch' sh -c "touch -d '2020-01-01 00:00:00Z' $m/dir/plain.txt && [ \$(stat -c %Y $m/dir/plain.txt) = 1577836800 ]"
step 'rm -r' sh -c "rm -r $m/dir && [ ! -e $m/dir ]"
