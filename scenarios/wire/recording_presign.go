package wire

// Requests with presigned addresses, as they were recorded from the wire: those
// of boto3 sent by curl, those of the SDK for JavaScript by fetch.

var presignRecordings = []recording{
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "put-presigned", `PUT /BUCKET/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=QCREDENTIAL&X-Amz-Date=DATE&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=SIGNATURE HTTP/1.1
Host: HOST
User-Agent: curl/7.88.1
Accept: */*
Content-Length: 5
Content-Type: application/x-www-form-urlencoded`, "hello"},
	{"boto3-1-26", "boto3 1.26, of before the checksums of January 2025", "http", "get-presigned", `GET /BUCKET/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=QCREDENTIAL&X-Amz-Date=DATE&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=SIGNATURE HTTP/1.1
Host: HOST
User-Agent: curl/7.88.1
Accept: */*`, ""},
	{"boto3-1-43", "boto3 1.43", "http", "put-presigned", `PUT /BUCKET/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=QCREDENTIAL&X-Amz-Date=DATE&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=SIGNATURE HTTP/1.1
Host: HOST
User-Agent: curl/7.88.1
Accept: */*
Content-Length: 5
Content-Type: application/x-www-form-urlencoded`, "hello"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "put-presigned", `PUT /BUCKET/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Credential=QCREDENTIAL&X-Amz-Date=DATE&X-Amz-Expires=600&X-Amz-Signature=SIGNATURE&X-Amz-SignedHeaders=host&x-amz-checksum-crc32=NhCmhg%3D%3D&x-id=PutObject HTTP/1.1
host: HOST
connection: keep-alive
content-type: text/plain;charset=UTF-8
accept: */*
accept-language: *
sec-fetch-mode: cors
user-agent: node
accept-encoding: gzip, deflate
content-length: 5`, "hello"},
	{"aws-sdk-js-3", "aws-sdk-js 3.1168", "http", "get-presigned", `GET /BUCKET/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Credential=QCREDENTIAL&X-Amz-Date=DATE&X-Amz-Expires=600&X-Amz-Signature=SIGNATURE&X-Amz-SignedHeaders=host&x-amz-checksum-mode=ENABLED&x-id=GetObject HTTP/1.1
host: HOST
connection: keep-alive
accept: */*
accept-language: *
sec-fetch-mode: cors
user-agent: node
accept-encoding: gzip, deflate`, ""},
}
