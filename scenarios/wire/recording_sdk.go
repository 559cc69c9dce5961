package wire

// Requests of AWS SDKs, as they were recorded from the wire.

var sdkRecordings = []recording{
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "put", `PUT /BUCKET/k HTTP/1.1
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
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "get", `GET /BUCKET/k HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1`, ""},
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "list", `GET /BUCKET?list-type=2&encoding-type=url HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1`, ""},
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "delete", `POST /BUCKET?delete HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
Content-MD5: KRVZrvppG+ktc13zDvFtTg==
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: d8b7276da3d10d97ce2fc0c845675f7064425cad790fcf637b3fa0bb36120ba7
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 152`, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>k</Key></Object><Object><Key>m</Key></Object><Object><Key>c</Key></Object></Delete>"},
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "https", "put", `PUT /BUCKET/k HTTP/1.1
Accept-Encoding: identity
User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-18-amd64 awscrt/1.0.0.dev0 Botocore/1.29.27
Content-MD5: XUFAKrxLKna5cZ2REBfFkg==
Expect: 100-continue
host: HOST
X-Amz-Date: DATE
x-amz-content-sha256: UNSIGNED-PAYLOAD
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 5`, "hello"},
	{"boto3-1-43", "boto3 1.43", "http", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,g,Z,D,b,U cfg/retry-mode#legacy Botocore/1.43.11
Expect: 100-continue
x-amz-checksum-crc32: NhCmhg==
x-amz-sdk-checksum-algorithm: CRC32
X-Amz-Date: DATE
X-Amz-Content-SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 5`, "hello"},
	{"boto3-1-43", "boto3 1.43", "http", "get", `GET /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
x-amz-checksum-mode: ENABLED
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,g,Z,D,b cfg/retry-mode#legacy Botocore/1.43.11
X-Amz-Date: DATE
X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1`, ""},
	{"boto3-1-43", "boto3 1.43", "http", "delete", `POST /BUCKET?delete HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/N,g,Z,D,b,U cfg/retry-mode#legacy Botocore/1.43.11
x-amz-checksum-crc32: nBAfLQ==
x-amz-sdk-checksum-algorithm: CRC32
X-Amz-Date: DATE
X-Amz-Content-SHA256: d8b7276da3d10d97ce2fc0c845675f7064425cad790fcf637b3fa0bb36120ba7
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1
Content-Length: 152`, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>k</Key></Object><Object><Key>m</Key></Object><Object><Key>c</Key></Object></Delete>"},
	{"boto3-1-43", "boto3 1.43", "https", "put", `PUT /BUCKET/k HTTP/1.1
Host: HOST
Accept-Encoding: identity
User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0-18-amd64 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython m/D,g,U,Z,N,b cfg/retry-mode#legacy Botocore/1.43.11
Expect: 100-continue
Transfer-Encoding: chunked
Content-Encoding: aws-chunked
X-Amz-Trailer: x-amz-checksum-crc32
X-Amz-Decoded-Content-Length: 5
x-amz-sdk-checksum-algorithm: CRC32
X-Amz-Date: DATE
X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature=SIGNATURE
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1`, "2e\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n\r\n0\r\n\r\n"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "put", `PUT /BUCKET/k?x-id=PutObject HTTP/1.1
content-type: application/octet-stream
content-length: 5
x-amz-sdk-checksum-algorithm: CRC32
x-amz-checksum-crc32: NhCmhg==
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "hello"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "put-stream", `PUT /BUCKET/k?x-id=PutObject HTTP/1.1
content-type: application/octet-stream
x-amz-sdk-checksum-algorithm: CRC32
content-encoding: aws-chunked
transfer-encoding: chunked
x-amz-decoded-content-length: 5
x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
x-amz-trailer: x-amz-checksum-crc32
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-encoding;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "3\r\n5\r\n\r\n5\r\nhello\r\n2\r\n\r\n\r\n3\r\n0\r\n\r\n1f\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "get", `GET /BUCKET/k?x-id=GetObject HTTP/1.1
x-amz-checksum-mode: ENABLED
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "list", `GET /BUCKET/?list-type=2 HTTP/1.1
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-content-sha256;x-amz-date;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, ""},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "delete", `POST /BUCKET/?delete= HTTP/1.1
content-type: application/xml
content-length: 161
x-amz-sdk-checksum-algorithm: CRC32
x-amz-checksum-crc32: lMo2nA==
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
x-amz-content-sha256: 08a4cfaf74f384ef27fc31f5cd33be083382a54b1e0a47389193fca333e28bf6
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>k</Key></Object><Object><Key>m</Key></Object></Delete>"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "https", "put-stream", `PUT /BUCKET/k?x-id=PutObject HTTP/1.1
content-type: application/octet-stream
x-amz-sdk-checksum-algorithm: CRC32
content-encoding: aws-chunked
transfer-encoding: chunked
x-amz-decoded-content-length: 5
x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
x-amz-trailer: x-amz-checksum-crc32
x-amz-user-agent: aws-sdk-js/3.1168.0
user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0-18-amd64 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,g
host: HOST
amz-sdk-invocation-id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
amz-sdk-request: attempt=1; max=3
x-amz-date: DATE
authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-encoding;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer;x-amz-user-agent, Signature=SIGNATURE
Connection: keep-alive`, "3\r\n5\r\n\r\n5\r\nhello\r\n2\r\n\r\n\r\n3\r\n0\r\n\r\n1f\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n"},
	{"aws-sdk-go-2", "aws-sdk-go-v2 1.47", "http", "put", `PUT /BUCKET/k?x-id=PutObject HTTP/1.1
Host: HOST
User-Agent: aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.8 m/E,Z,e
Content-Length: 5
Accept-Encoding: identity
Amz-Sdk-Invocation-Id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
Amz-Sdk-Request: attempt=1; max=3
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Type: application/octet-stream
X-Amz-Checksum-Crc32: NhCmhg==
X-Amz-Content-Sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
X-Amz-Date: DATE`, "hello"},
	{"aws-sdk-go-2", "aws-sdk-go-v2 1.47", "http", "get", `GET /BUCKET/k?x-id=GetObject HTTP/1.1
Host: HOST
User-Agent: aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.8 m/E,b,e
Accept-Encoding: identity
Amz-Sdk-Invocation-Id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
Amz-Sdk-Request: attempt=1; max=3
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
X-Amz-Checksum-Mode: ENABLED
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: DATE`, ""},
	{"aws-sdk-go-2", "aws-sdk-go-v2 1.47", "http", "delete", `POST /BUCKET?delete= HTTP/1.1
Host: HOST
User-Agent: aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.8 m/E,Z,e
Content-Length: 94
Accept-Encoding: identity
Amz-Sdk-Invocation-Id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
Amz-Sdk-Request: attempt=1; max=3
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE
Content-Type: application/xml
X-Amz-Checksum-Crc32: tCs18Q==
X-Amz-Content-Sha256: ee14008cf8b8dc1560aef85ac8e299c5afd06c7dc857e44ce281beffe62f093d
X-Amz-Date: DATE`, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>k</Key></Object></Delete>"},
	{"aws-sdk-go-2", "aws-sdk-go-v2 1.47", "https", "put", `PUT /BUCKET/k?x-id=PutObject HTTP/1.1
Host: HOST
User-Agent: aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.8 m/E,Z,e
Content-Length: 46
Accept-Encoding: identity
Amz-Sdk-Invocation-Id: 0c7f2b6e-3d1a-4f59-9b8e-6a2d5c4e1f70
Amz-Sdk-Request: attempt=1; max=3
Authorization: AWS4-HMAC-SHA256 Credential=CREDENTIAL, SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;content-encoding;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, Signature=SIGNATURE
Content-Encoding: aws-chunked
Content-Type: application/octet-stream
X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
X-Amz-Date: DATE
X-Amz-Decoded-Content-Length: 5
X-Amz-Trailer: x-amz-checksum-crc32`, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"},
}
