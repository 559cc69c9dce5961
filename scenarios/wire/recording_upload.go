package wire

// Requests that make multipart uploads, as they were recorded from the wire. Of
// a part only the number is put in anew.

var uploadRecordings = []recording{
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "part", `PUT /BUCKET/k?uploadId=UPLOADID&partNumber=1 HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
Content-MD5: XUFAKrxLKna5cZ2REBfFkg==
Expect: 100-continue
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 5`, "hello"},
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "complete", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: BODYHASH
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: BODYLENGTH`, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>\"ETAG\"</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"},
	{"boto3-1-43", "boto3 1.43", "http", "create", `POST /BUCKET/k?uploads HTTP/1.1
Host: HOST
Accept-Encoding: identity
x-amz-checksum-algorithm: CRC32
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,Z,D,b,g,G cfg/retry-mode#legacy Botocore/1.43.11
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 0`, ""},
	{"boto3-1-43", "boto3 1.43", "http", "part", `PUT /BUCKET/k?uploadId=UPLOADID&partNumber=1 HTTP/1.1
Host: HOST
Accept-Encoding: identity
x-amz-sdk-checksum-algorithm: CRC32
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,Z,D,b,G,g,U cfg/retry-mode#legacy Botocore/1.43.11
Expect: 100-continue
x-amz-checksum-crc32: NhCmhg==
X-Amz-Date: DATE
X-Amz-Content-SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 5`, "hello"},
	{"boto3-1-43", "boto3 1.43", "https", "part", `PUT /BUCKET/k?uploadId=UPLOADID&partNumber=1 HTTP/1.1
Host: HOST
Accept-Encoding: identity
x-amz-sdk-checksum-algorithm: CRC32
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,Z,D,b,G,U cfg/retry-mode#legacy Botocore/1.43.11
Expect: 100-continue
Transfer-Encoding: chunked
Content-Encoding: aws-chunked
X-Amz-Trailer: x-amz-checksum-crc32
X-Amz-Decoded-Content-Length: 5
X-Amz-Date: DATE
X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1`, "2e\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n\r\n0\r\n\r\n"},
	{"boto3-1-43", "boto3 1.43", "http", "complete", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,Z,D,b,g,G cfg/retry-mode#legacy Botocore/1.43.11
X-Amz-Date: DATE
X-Amz-Content-SHA256: BODYHASH
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: BODYLENGTH`, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>\"ETAG\"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>NhCmhg==</ChecksumCRC32></Part></CompleteMultipartUpload>"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "create", `POST /BUCKET/k?uploads= HTTP/1.1
x-amz-checksum-algorithm: CRC32
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive
Content-Length: 0`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "part", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID&x-id=UploadPart HTTP/1.1
content-type: application/octet-stream
content-length: 5
x-amz-sdk-checksum-algorithm: CRC32
x-amz-checksum-crc32: NhCmhg==
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "hello"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "complete", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
content-type: application/xml
content-length: BODYLENGTH
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=1
x-amz-date: DATE
x-amz-content-sha256: BODYHASH
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>&quot;ETAG&quot;</ETag><ChecksumCRC32>NhCmhg==</ChecksumCRC32><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"},
	{"minio-go-7-4", "minio-go 7.4", "http", "part", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 177
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature=SIGNATURE
Content-Encoding: aws-chunked
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
Accept-Encoding: gzip`, "hello"},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "http", "create-trailing", `POST /BUCKET/k?uploads= HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 0
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-type;host;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Type: application/octet-stream
X-Amz-Checksum-Algorithm: CRC32C
X-Amz-Content-Sha256: UNSIGNED-PAYLOAD
X-Amz-Date: DATE
Accept-Encoding: gzip`, ""},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "http", "part-trailing", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 300
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer,Signature=SIGNATURE
Content-Encoding: aws-chunked
X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
X-Amz-Trailer: x-amz-checksum-crc32c
Accept-Encoding: gzip`, "hello\nx-amz-checksum-crc32c:mnG7TA=="},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "https", "part-trailing", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: 48
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, Signature=SIGNATURE
Content-Encoding: aws-chunked
X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
X-Amz-Trailer: x-amz-checksum-crc32c
Accept-Encoding: gzip`, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\n\r\n\r\n"},
	{"minio-go-7-4", "minio-go 7.4 with its trailing checksums", "http", "complete-trailing", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: MinIO (linux; amd64) minio-go/v7.4.1
Content-Length: BODYLENGTH
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-type;host;x-amz-checksum-crc32c;x-amz-checksum-type;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Type: application/octet-stream
X-Amz-Checksum-Crc32c: VwS2rA==
X-Amz-Checksum-Type: COMPOSITE
X-Amz-Content-Sha256: BODYHASH
X-Amz-Date: DATE
Accept-Encoding: gzip`, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber><ETag>ETAG</ETag><ChecksumCRC32C>mnG7TA==</ChecksumCRC32C></Part></CompleteMultipartUpload>"},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "create", `POST /BUCKET/k?uploads HTTP/1.1
Host: HOST
Accept-Encoding: identity
Content-Length: 0
content-type: application/octet-stream
x-amz-meta-s3cmd-attrs: atime:1795405754/ctime:1795405754/gid:0/gname:root/md5:5d41402abc4b2a76b9719d911017c592/mode:33188/mtime:1795405754/uid:0/uname:root
x-amz-storage-class: STANDARD
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-s3cmd-attrs;x-amz-storage-class,Signature=SIGNATURE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, ""},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "part", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID HTTP/1.1
Host: HOST
Accept-Encoding: identity
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-length;host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
content-length: 5
x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
x-amz-date: DATE`, "hello"},
	{"s3cmd-2-3", "s3cmd 2.3", "http", "complete", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
Host: HOST
Accept-Encoding: identity
content-length: BODYLENGTH
x-amz-date: DATE
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL,SignedHeaders=content-length;host;x-amz-content-sha256;x-amz-date,Signature=SIGNATURE
x-amz-content-sha256: BODYHASH`, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>ETAG</ETag></Part></CompleteMultipartUpload>"},
	{"rclone-1-60", "rclone 1.60", "http", "create", `POST /BUCKET/k?uploads= HTTP/1.1
Host: HOST
User-Agent: rclone/
Content-Length: 0
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-md5chksum;x-amz-meta-mtime, Signature=SIGNATURE
Content-Type: application/octet-stream
X-Amz-Acl: private
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE
X-Amz-Meta-Md5chksum: XUFAKrxLKna5cZ2REBfFkg==
X-Amz-Meta-Mtime: 1795405754.65222937
Accept-Encoding: gzip`, ""},
	{"rclone-1-60", "rclone 1.60", "http", "part", `PUT /BUCKET/k?partNumber=1&uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: rclone/
Content-Length: 5
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-length;content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Md5: XUFAKrxLKna5cZ2REBfFkg==
X-Amz-Content-Sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
X-Amz-Date: DATE
Accept-Encoding: gzip`, "hello"},
	{"rclone-1-60", "rclone 1.60", "http", "complete", `POST /BUCKET/k?uploadId=UPLOADID HTTP/1.1
Host: HOST
User-Agent: rclone/
Content-Length: BODYLENGTH
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-length;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Content-Sha256: BODYHASH
X-Amz-Date: DATE
Accept-Encoding: gzip`, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>&#34;ETAG&#34;</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"},
}
