package wire

// Further requests for single objects, as they were recorded from the wire.

var objectRecordings = []recording{
	{"aws-cli-2-9", "AWS CLI 2.9, of before the checksums of January 2025", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-18-amd64 source/x86_64.debian.12 prompt/off command/s3.cp
Content-MD5: XUFAKrxLKna5cZ2REBfFkg==
Expect: 100-continue
X-Amz-Date: DATE
X-Amz-Content-SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Length: 5`, "hello"},
	{"aws-cli-2-9", "AWS CLI 2.9, of before the checksums of January 2025", "http", "list", `GET /BUCKET?list-type=2&prefix=&delimiter=%2F&encoding-type=url HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-18-amd64 source/x86_64.debian.12 prompt/off command/s3.ls
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE`, ""},
	{"aws-cli-2-9", "AWS CLI 2.9, of before the checksums of January 2025", "http", "copy", `PUT /BUCKET/c HTTP/1.1
Host: HOST
Accept-Encoding: identity
x-amz-copy-source: BUCKET/k
User-Agent: aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-18-amd64 source/x86_64.debian.12 prompt/off command/s3.cp
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-copy-source;x-amz-date, Signature=SIGNATURE
Content-Length: 0`, ""},
	{"aws-cli-2-9", "AWS CLI 2.9, of before the checksums of January 2025", "http", "head", `HEAD /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-18-amd64 source/x86_64.debian.12 prompt/off command/s3.cp
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE`, ""},
	{"aws-cli-2-9", "AWS CLI 2.9, of before the checksums of January 2025", "http", "remove", `DELETE /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-18-amd64 source/x86_64.debian.12 prompt/off command/s3.rm
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Length: 0`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "copy", `PUT /BUCKET/c?x-id=CopyObject HTTP/1.1
x-amz-copy-source: BUCKET/k
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-content-sha256;x-amz-copy-source;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive
Content-Length: 0`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "head", `HEAD /BUCKET/k HTTP/1.1
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "remove", `DELETE /BUCKET/k?x-id=DeleteObject HTTP/1.1
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, ""},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "http", "put-trailing", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 336
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-encoding;content-type;host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer,Signature=SIGNATURE
Content-Encoding: aws-chunked
Content-Type: text/plain
X-Amz-Checksum-Algorithm: SHA256
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
X-Amz-Trailer: x-amz-checksum-sha256
Accept-Encoding: gzip`, "hello\nx-amz-checksum-sha256:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "https", "put-trailing", `PUT /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 84
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-encoding;content-type;host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, Signature=SIGNATURE
Content-Encoding: aws-chunked
Content-Type: text/plain
X-Amz-Checksum-Algorithm: SHA256
X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
X-Amz-Trailer: x-amz-checksum-sha256
Accept-Encoding: gzip`, "5\r\nhello\r\n0\r\nx-amz-checksum-sha256:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\n\r\n\r\n"},
	{"minio-go-7-4", "minio-go 7.4", "http", "copy", `PUT /BUCKET/c HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 0
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-copy-source;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: UNSIGNED-PAYLOAD
X-Amz-Copy-Source: BUCKET/k
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"minio-go-7-4", "minio-go 7.4", "http", "head", `HEAD /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE`, ""},
	{"minio-go-7-4", "minio-go 7.4", "http", "remove", `DELETE /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "copy", `PUT /BUCKET/c HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
x-amz-copy-source: /BUCKET/k
x-amz-metadata-directive: COPY
x-amz-storage-class: STANDARD
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-copy-source;x-amz-date;x-amz-metadata-directive;x-amz-storage-class,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "head", `HEAD /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "remove", `DELETE /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"rclone-1-60", "rclone 1.60", "http", "copy", `PUT /BUCKET/c HTTP/1.1
Host: HOST
User-Agent: rclone/
Content-Length: 0
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-copy-source;x-amz-date;x-amz-metadata-directive, Signature=SIGNATURE
X-Amz-Acl: private
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Copy-Source: BUCKET/k
X-Amz-Date: DATE
X-Amz-Metadata-Directive: COPY
Accept-Encoding: gzip`, ""},
	{"rclone-1-60", "rclone 1.60", "http", "head", `HEAD /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: rclone/
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE`, ""},
	{"rclone-1-60", "rclone 1.60", "http", "remove", `DELETE /BUCKET/k HTTP/1.1
Host: HOST
User-Agent: rclone/
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
}
