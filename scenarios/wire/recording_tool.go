package wire

// Requests of other clients, as they were recorded from the wire.

var toolRecordings = []recording{
	{"minio-go-7-0", "minio-go 7.0, as restic 0.14 uses it", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.0.46
Content-Length: 177
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature=SIGNATURE
Content-Md5: XUFAKrxLKna5cZ2REBfFkg==
Content-Type: application/octet-stream
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
Accept-Encoding: gzip`, "hello"},
	{"minio-go-7-0", "minio-go 7.0, as restic 0.14 uses it", "http", "list", `GET /BUCKET/?delimiter=%2F&encoding-type=url&fetch-owner=true&list-type=2&prefix=keys%2F HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.0.46
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"minio-go-7-4", "minio-go 7.4", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 177
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-encoding;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature=SIGNATURE
Content-Encoding: aws-chunked
Content-Type: text/plain
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
Accept-Encoding: gzip`, "hello"},
	{"minio-go-7-4", "minio-go 7.4", "http", "put-checksum", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 177
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-encoding;content-type;host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature=SIGNATURE
Content-Encoding: aws-chunked
Content-Type: text/plain
X-Amz-Checksum-Algorithm: CRC32C
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
Accept-Encoding: gzip`, "hello"},
	{"minio-go-7-4", "minio-go 7.4", "http", "get", `GET /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"minio-go-7-4", "minio-go 7.4", "http", "list", `GET /BUCKET/?delimiter=%2F&encoding-type=url&fetch-owner=true&list-type=2&prefix= HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"minio-go-7-4", "minio-go 7.4", "http", "delete", `POST /BUCKET/?delete= HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 66
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Md5: iAma4rcOGPD9/6P3Y8fmcQ==
X-Amz-Content-Sha256: 8c777c508afafb134e9f5e9be4e4669693690c35b2edf3cddb0431ebe6b6247a
X-Amz-Date: DATE
Accept-Encoding: gzip`, "<Delete><Quiet>false</Quiet><Object><Key>k</Key></Object></Delete>"},
	{"minio-go-7-4", "minio-go 7.4", "https", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 5
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Type: text/plain
X-Amz-Content-Sha256: UNSIGNED-PAYLOAD
X-Amz-Date: DATE
Accept-Encoding: gzip`, "hello"},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-s3cmd-attrs;x-amz-storage-class,Signature=SIGNATURE
content-length: 6
content-type: text/plain
x-amz-content-sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
x-amz-date: DATE
x-amz-meta-s3cmd-attrs: atime:1795405754/ctime:1795405754/gid:0/gname:root/md5:b1946ac92492d2347c6235b4d2611184/mode:33188/mtime:1795405754/uid:0/uname:root
x-amz-storage-class: STANDARD`, "hello\n"},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "get", `GET /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-amz-date: DATE`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "list", `GET /BUCKET/?delimiter=%2F HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "location", `GET /BUCKET/?location HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "delete", `POST /BUCKET/?delete HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 113
content-md5: fcZ7l03kcRkxzSUljZPFwA==
content-type: application/xml
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: df7b4968965bedae80911d116f3ac8a1b259792ed3ec699fabe9f88692ac1068`, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete><Object><Key>c</Key></Object><Object><Key>k</Key></Object></Delete>"},
	{"rclone-1-60", "rclone 1.60", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: rclone/
Content-Length: 6
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-length;content-md5;content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-mtime, Signature=SIGNATURE
Content-Md5: sZRqySSS0jR8YjW00mERhA==
Content-Type: application/octet-stream
X-Amz-Acl: private
X-Amz-Content-Sha256: UNSIGNED-PAYLOAD
X-Amz-Date: DATE
X-Amz-Meta-Mtime: 1795405754.143809215
Accept-Encoding: gzip`, "hello\n"},
	{"rclone-1-60", "rclone 1.60", "http", "get", `GET /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: rclone/
Accept-Encoding: gzip
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=accept-encoding;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE`, ""},
	{"rclone-1-60", "rclone 1.60", "http", "list", `GET /BUCKET?delimiter=%2F&max-keys=1000&prefix= HTTP/1.1
Host: HOST
User-Agent: rclone/
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
}
