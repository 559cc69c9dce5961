"""boto3: resources, transfers, paginators, waiters, exceptions, checksums."""
import hashlib
import io
import os
import socket
import sys
import traceback
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

STEPS = []
CLIENT = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], config=Config(
    s3={"addressing_style": "path"}, retries={"max_attempts": 1}, max_pool_connections=20))
MODERN = tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 36)
PART = 5 << 20


class Skip(Exception):
    """A step that this version of the client cannot do."""


def step(f):
    STEPS.append(f)
    return f


def want(got, wanted, what=""):
    assert got == wanted, f"{what}: got {got!r}, want {wanted!r}"


def refused(code, status, f, **kw):
    """Calls f, which the server has to refuse with code and status."""
    try:
        f(**kw)
    except ClientError as e:
        got = (e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])
        want(got, (code, status))
        return e
    raise AssertionError(f"succeeded, want {code}")


def lacks(op, param):
    shape = CLIENT.meta.service_model.operation_model(op).input_shape
    if param not in shape.members:
        raise Skip(f"boto3 {boto3.__version__} has no {op}.{param}")


def bucket(name):
    CLIENT.create_bucket(Bucket=name)
    return name


def put(b, k, body=b"x", **kw):
    return CLIENT.put_object(Bucket=b, Key=k, Body=body, **kw)


def get(b, k, **kw):
    return CLIENT.get_object(Bucket=b, Key=k, **kw)["Body"].read()


def keys(b, **kw):
    pages = CLIENT.get_paginator("list_objects_v2").paginate(Bucket=b, **kw)
    return [o["Key"] for p in pages for o in p.get("Contents", [])]


@step
def create_and_list_buckets():
    b = bucket("py-first")
    CLIENT.get_waiter("bucket_exists").wait(Bucket=b, WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    assert b in [x["Name"] for x in CLIENT.list_buckets()["Buckets"]]
    CLIENT.create_bucket(Bucket=b)  # one's own in us-east-1: 200
    refused("InvalidBucketName", 400, raw_create, Bucket="UPPER")


def raw_create(Bucket):
    CLIENT.create_bucket(Bucket=Bucket)


@step
def exceptions_of_what_is_missing():
    b = bucket("py-missing")
    for call, err in [
        (lambda: CLIENT.get_object(Bucket=b, Key="none"), CLIENT.exceptions.NoSuchKey),
        (lambda: CLIENT.list_objects_v2(Bucket="py-no-such-bucket"), CLIENT.exceptions.NoSuchBucket),
        (lambda: CLIENT.abort_multipart_upload(Bucket=b, Key="k", UploadId="none"), CLIENT.exceptions.NoSuchUpload),
    ]:
        try:
            call()
        except err:
            continue
        raise AssertionError(f"no {err.__name__}")
    refused("404", 404, CLIENT.head_object, Bucket=b, Key="none")
    refused("404", 404, CLIENT.head_bucket, Bucket="py-no-such-bucket")
    refused("NoSuchBucket", 404, CLIENT.put_object, Bucket="py-no-such-bucket", Key="k", Body=b"")
    refused("NoSuchBucket", 404, CLIENT.delete_bucket, Bucket="py-no-such-bucket")
    put(b, "k")
    refused("BucketNotEmpty", 409, CLIENT.delete_bucket, Bucket=b)


@step
def bad_credentials():
    for key, secret, code in [("nobody", "x", "InvalidAccessKeyId"),
                              (os.environ["AWS_ACCESS_KEY_ID"], "wrong", "SignatureDoesNotMatch")]:
        c = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], aws_access_key_id=key, aws_secret_access_key=secret)
        refused(code, 403, c.list_buckets)
    c = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], config=Config(signature_version=botocore.UNSIGNED))
    refused("AccessDenied", 403, c.list_objects_v2, Bucket="py-first")


@step
def keys_that_clients_get_wrong():
    b = bucket("py-keys")
    names = ["a b", "a+b", "a%2Fb", "a%20b", "100%", "ünï/cödé", "日本語/☃", "//", "/lead", "trail/", "a//b", "a/./b",
             "a/../b", "..", ".", "?q=1&x", "#frag", "semi;colon", "at@eq=amp&", "tilde~!*'()", "comma,dollar$",
             "quote\"'`", "back\\slash", "<xml>&amp;", "[br]{ace}|", "tab\tkey", "new\nline", "\U0001F600",
             "e\u0301", "k" * 1024, "with:colon", "^caret", "a\u00a0b"]
    for n in names:
        put(b, n, n.encode())
    for n in names:
        want(get(b, n), n.encode(), n)
    want(keys(b), sorted(names, key=lambda s: s.encode()))
    want(keys(b, PaginationConfig={"PageSize": 3}), sorted(names, key=lambda s: s.encode()))
    for n in names:
        if len(n) < 1000:
            CLIENT.copy_object(Bucket=b, Key="copy/" + n, CopySource={"Bucket": b, "Key": n})
            want(get(b, "copy/" + n), n.encode(), n)
    refused("KeyTooLongError", 400, CLIENT.put_object, Bucket=b, Key="k" * 1025, Body=b"")
    boto3.resource("s3", endpoint_url=os.environ["ENDPOINT"]).Bucket(b).objects.all().delete()
    want(keys(b), [])


@step
def listing_1100_keys():
    b = bucket("py-list")
    names = sorted(f"d{i % 10}/k{i:04d}" for i in range(1100))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: put(b, n), names))
    want(keys(b), names)
    for size in (7, 100, 1000):
        want(keys(b, PaginationConfig={"PageSize": size}), names, f"pages of {size}")
    want(keys(b, StartAfter="d9/k1000"), [n for n in names if n > "d9/k1000"])
    v1 = [o["Key"] for p in CLIENT.get_paginator("list_objects").paginate(Bucket=b) for o in p["Contents"]]
    want(v1, names)
    pages = CLIENT.get_paginator("list_objects_v2").paginate(Bucket=b, Delimiter="/", PaginationConfig={"PageSize": 3})
    want([c["Prefix"] for p in pages for c in p.get("CommonPrefixes", [])], [f"d{i}/" for i in range(10)])
    want(CLIENT.list_objects_v2(Bucket=b, MaxKeys=0)["KeyCount"], 0)
    r = CLIENT.list_objects_v2(Bucket=b, Prefix="d3/", MaxKeys=2, FetchOwner=True)
    assert r["IsTruncated"] and r["Contents"][0]["Owner"]["ID"]
    out = CLIENT.delete_objects(Bucket=b, Delete={"Objects": [{"Key": n} for n in names[:1000]]})
    want(len(out["Deleted"]), 1000)
    out = CLIENT.delete_objects(Bucket=b, Delete={"Objects": [{"Key": n} for n in names[1000:]], "Quiet": True})
    want(out.get("Deleted", []), [])
    want(keys(b), [])
    refused("MalformedXML", 400, CLIENT.delete_objects, Bucket=b, Delete={"Objects": [{"Key": str(i)} for i in range(1001)]})


@step
def metadata_and_headers():
    b = bucket("py-meta")
    put(b, "k", b"body", Metadata={"Plain": "v", "spaced": "a  b", "encoded": "=?UTF-8?B?w6k=?="}, ContentType="text/x",
        CacheControl="no-cache", ContentDisposition='attachment; filename="x"', ContentEncoding="gzip",
        ContentLanguage="de", Expires=datetime(2030, 1, 1, tzinfo=timezone.utc), WebsiteRedirectLocation="/x",
        StorageClass="STANDARD")
    r = CLIENT.head_object(Bucket=b, Key="k")
    want(r["Metadata"]["plain"], "v")
    want((r["ContentType"], r["CacheControl"], r["ContentDisposition"], r["ContentEncoding"], r["ContentLanguage"]),
         ("text/x", "no-cache", 'attachment; filename="x"', "gzip", "de"))
    want(r["Expires"], datetime(2030, 1, 1, tzinfo=timezone.utc))
    want(r["WebsiteRedirectLocation"], "/x")
    want(r["ETag"], '"%s"' % hashlib.md5(b"body").hexdigest())
    r = CLIENT.get_object(Bucket=b, Key="k", ResponseContentType="a/b", ResponseCacheControl="x")
    want((r["ContentType"], r["CacheControl"]), ("a/b", "x"))
    refused("MetadataTooLarge", 400, CLIENT.put_object, Bucket=b, Key="big", Metadata={"x": "y" * 2049})
    refused("InvalidStorageClass", 400, CLIENT.put_object, Bucket=b, Key="big", StorageClass="NOPE")
    refused("404", 404, CLIENT.head_object, Bucket=b, Key="big")


@step
def ranges():
    b = bucket("py-range")
    put(b, "k", b"0123456789")
    for header, body, shown in [("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=5-", b"56789", "bytes 5-9/10"),
                                ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=8-100", b"89", "bytes 8-9/10")]:
        r = CLIENT.get_object(Bucket=b, Key="k", Range=header)
        want((r["Body"].read(), r["ContentRange"], r["ResponseMetadata"]["HTTPStatusCode"]), (body, shown, 206))
    refused("InvalidRange", 416, CLIENT.get_object, Bucket=b, Key="k", Range="bytes=10-")
    want(get(b, "k", Range="bytes=5-2"), b"0123456789")
    want(get(b, "k", Range="lines=1-2"), b"0123456789")


@step
def conditional_reads():
    b = bucket("py-cond")
    etag = put(b, "k", b"body")["ETag"]
    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    want(get(b, "k", IfMatch=etag), b"body")
    refused("PreconditionFailed", 412, CLIENT.get_object, Bucket=b, Key="k", IfMatch='"no"')
    refused("304", 304, CLIENT.get_object, Bucket=b, Key="k", IfNoneMatch=etag)
    refused("304", 304, CLIENT.get_object, Bucket=b, Key="k", IfModifiedSince=now)
    refused("PreconditionFailed", 412, CLIENT.get_object, Bucket=b, Key="k", IfUnmodifiedSince=now - hour)
    want(get(b, "k", IfMatch=etag, IfUnmodifiedSince=now - hour), b"body")
    refused("412", 412, CLIENT.head_object, Bucket=b, Key="k", IfMatch='"no"')


@step
def conditional_writes():
    lacks("PutObject", "IfNoneMatch")
    b = bucket("py-cas")
    etag = put(b, "k", b"1", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", 412, CLIENT.put_object, Bucket=b, Key="k", Body=b"2", IfNoneMatch="*")
    lacks("PutObject", "IfMatch")
    put(b, "k", b"2", IfMatch=etag)
    refused("PreconditionFailed", 412, CLIENT.put_object, Bucket=b, Key="k", Body=b"3", IfMatch=etag)
    refused("NoSuchKey", 404, CLIENT.put_object, Bucket=b, Key="none", Body=b"3", IfMatch=etag)
    want(get(b, "k"), b"2")
    refused("PreconditionFailed", 412, CLIENT.delete_object, Bucket=b, Key="k", IfMatch=etag)
    with ThreadPoolExecutor(16) as pool:
        wins = sum(pool.map(lambda i: attempt(put, b, "race", str(i).encode(), IfNoneMatch="*"), range(32)))
    want(wins, 1, "winners of a race to create")


def attempt(f, *args, **kw):
    try:
        f(*args, **kw)
        return True
    except ClientError as e:
        assert e.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"), e
        return False


@step
def checksums():
    b = bucket("py-sums")
    algorithms = CLIENT.meta.service_model.shape_for("ChecksumAlgorithm").enum
    for a in [a for a in algorithms if a in ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")]:
        if a in ("CRC32C", "CRC64NVME", "XXHASH64", "XXHASH3", "XXHASH128"):
            try:
                import awscrt  # noqa: F401  these need the native library
            except ImportError:
                continue
        if a == "MD5":
            continue  # botocore knows the name and cannot compute it
        r = put(b, a, b"hello", ChecksumAlgorithm=a)
        value = r["Checksum" + a]
        r = CLIENT.get_object(Bucket=b, Key=a, ChecksumMode="ENABLED")
        want((r["Body"].read(), r["Checksum" + a]), (b"hello", value), a)
    refused("BadDigest", 400, CLIENT.put_object, Bucket=b, Key="bad", Body=b"hello", ChecksumSHA256="A" * 43 + "=")
    refused("404", 404, CLIENT.head_object, Bucket=b, Key="bad")


# Of b"hello". botocore sends a value that it is given, of the algorithms too that it
# cannot compute without the native library.
SUMS_OF_2026 = {
    "MD5": "XUFAKrxLKna5cZ2REBfFkg==",
    "SHA512": "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==",
    "XXHASH64": "JseCfYifbaM=",
    "XXHASH3": "lVXoVVxi3P0=",
    "XXHASH128": "tenBrQcbPn/Hec+qXlI4GA==",
}


@step
def checksums_of_2026():
    lacks("PutObject", "ChecksumXXHASH3")
    b = bucket("py-sums-2026")
    for a, value in SUMS_OF_2026.items():
        member = "Checksum" + a
        want(put(b, a, b"hello", **{member: value})[member], value, a)
        want(CLIENT.head_object(Bucket=b, Key=a, ChecksumMode="ENABLED")[member], value, a)
        r = CLIENT.get_object(Bucket=b, Key=a, ChecksumMode="ENABLED")
        want((r["Body"].read(), r[member], r["ChecksumType"]), (b"hello", value, "FULL_OBJECT"), a)
        want(CLIENT.get_object_attributes(Bucket=b, Key=a, ObjectAttributes=["Checksum"])["Checksum"][member], value, a)
        want(CLIENT.copy_object(Bucket=b, Key=a + "-copy", CopySource={"Bucket": b, "Key": a})["CopyObjectResult"][member], value, a)
        refused("BadDigest", 400, CLIENT.put_object, Bucket=b, Key="bad", Body=b"jello", **{member: value})
        upload = dict(Bucket=b, Key="parts", UploadId=CLIENT.create_multipart_upload(Bucket=b, Key="parts", ChecksumAlgorithm=a)["UploadId"])
        part = CLIENT.upload_part(PartNumber=1, Body=b"hello", **{member: value}, **upload)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], member: part[member]}]}
        r = CLIENT.complete_multipart_upload(MultipartUpload=parts, **upload)
        want((r[member][-2:], r["ChecksumType"]), ("-1", "COMPOSITE"), a)
        want(get(b, "parts", ChecksumMode="ENABLED"), b"hello", a)
    refused("404", 404, CLIENT.head_object, Bucket=b, Key="bad")


@step
def streamed_and_unseekable_bodies():
    b = bucket("py-stream")
    CLIENT.upload_fileobj(io.BytesIO(b"z" * 100), b, "small")
    want(get(b, "small"), b"z" * 100)

    class Pipe(io.RawIOBase):
        """Cannot be sought, so that its checksum has to follow it."""
        left = 3 << 20

        def readable(self):
            return True

        def read(self, n=-1):
            n = self.left if n < 0 else min(n, self.left)
            self.left -= n
            return b"p" * n

    CLIENT.upload_fileobj(Pipe(), b, "pipe", Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART))
    want(len(get(b, "pipe")), 3 << 20)
    put(b, "empty", b"")
    want(get(b, "empty"), b"")


@step
def transfers():
    b = bucket("py-transfer")
    body = os.urandom(20 << 20)
    cfg = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    CLIENT.upload_fileobj(io.BytesIO(body), b, "big", Config=cfg, ExtraArgs={"Metadata": {"m": "1"}})
    r = CLIENT.head_object(Bucket=b, Key="big")
    want((r["ContentLength"], r["Metadata"], r["ETag"][-3:]), (len(body), {"m": "1"}, '-3"'))
    got = io.BytesIO()
    CLIENT.download_fileobj(b, "big", got, Config=cfg)
    want(got.getvalue() == body, True)
    CLIENT.copy({"Bucket": b, "Key": "big"}, b, "copy", Config=cfg)
    want(get(b, "copy") == body, True)
    want(get(b, "big", PartNumber=2) == body[8 << 20:16 << 20], True)


@step
def multipart():
    b = bucket("py-parts")
    kw = dict(Bucket=b, Key="k")
    up = CLIENT.create_multipart_upload(**kw, Metadata={"m": "1"})["UploadId"]
    tags = {}
    for n, size in [(1, PART), (3, PART), (7, 10)]:
        tags[n] = CLIENT.upload_part(**kw, UploadId=up, PartNumber=n, Body=bytes([n]) * size)["ETag"]
    want([p["PartNumber"] for p in CLIENT.list_parts(**kw, UploadId=up)["Parts"]], [1, 3, 7])
    pages = CLIENT.get_paginator("list_parts").paginate(**kw, UploadId=up, PaginationConfig={"PageSize": 1})
    want([p["PartNumber"] for page in pages for p in page.get("Parts", [])], [1, 3, 7])
    want([u["Key"] for u in CLIENT.list_multipart_uploads(Bucket=b)["Uploads"]], ["k"])

    def complete(*numbers, **bad):
        return CLIENT.complete_multipart_upload(**kw, UploadId=up, MultipartUpload={
            "Parts": [{"PartNumber": n, "ETag": bad.get("etag") or tags[n]} for n in numbers]})
    refused("InvalidPartOrder", 400, lambda: complete(3, 1))
    refused("InvalidPart", 400, lambda: complete(1, etag='"' + "0" * 32 + '"'))
    refused("404", 404, CLIENT.head_object, **kw)
    complete(1, 3, 7)
    want(get(b, "k"), b"\1" * PART + b"\3" * PART + b"\7" * 10)
    want(CLIENT.head_object(**kw)["Metadata"], {"m": "1"})
    want(CLIENT.list_multipart_uploads(Bucket=b).get("Uploads", []), [])

    up = CLIENT.create_multipart_upload(**kw)["UploadId"]
    tags = {n: CLIENT.upload_part(**kw, UploadId=up, PartNumber=n, Body=b"small")["ETag"] for n in (1, 2)}
    refused("EntityTooSmall", 400, lambda: complete(1, 2))
    refused("InvalidArgument", 400, CLIENT.upload_part, **kw, UploadId=up, PartNumber=10001, Body=b"")
    CLIENT.upload_part_copy(**kw, UploadId=up, PartNumber=9, CopySource={"Bucket": b, "Key": "k"}, CopySourceRange="bytes=0-4")
    CLIENT.abort_multipart_upload(**kw, UploadId=up)
    refused("NoSuchUpload", 404, CLIENT.list_parts, **kw, UploadId=up)
    refused("NoSuchUpload", 404, CLIENT.upload_part, **kw, UploadId=up, PartNumber=1, Body=b"")
    want(len(get(b, "k")), 2 * PART + 10)


@step
def copies():
    b, c = bucket("py-copy"), bucket("py-copy2")
    etag = put(b, "k", b"body", Metadata={"old": "1"}, ContentType="text/old", Tagging="a=1")["ETag"]
    src = {"Bucket": b, "Key": "k"}
    want(CLIENT.copy_object(Bucket=c, Key="k", CopySource=src)["CopyObjectResult"]["ETag"], etag)
    r = CLIENT.head_object(Bucket=c, Key="k")
    want((r["Metadata"], r["ContentType"]), ({"old": "1"}, "text/old"))
    want(CLIENT.get_object_tagging(Bucket=c, Key="k")["TagSet"], [{"Key": "a", "Value": "1"}])
    CLIENT.copy_object(Bucket=c, Key="k", CopySource=src, MetadataDirective="REPLACE", Metadata={"new": "2"},
                       TaggingDirective="REPLACE", Tagging="b=2")
    r = CLIENT.head_object(Bucket=c, Key="k")
    want((r["Metadata"], r["ContentType"]), ({"new": "2"}, "binary/octet-stream"))
    want(CLIENT.get_object_tagging(Bucket=c, Key="k")["TagSet"], [{"Key": "b", "Value": "2"}])
    refused("InvalidRequest", 400, CLIENT.copy_object, Bucket=b, Key="k", CopySource=src)
    CLIENT.copy_object(Bucket=b, Key="k", CopySource=src, MetadataDirective="REPLACE", Metadata={"self": "1"})
    refused("NoSuchKey", 404, CLIENT.copy_object, Bucket=b, Key="x", CopySource={"Bucket": b, "Key": "none"})
    refused("NoSuchBucket", 404, CLIENT.copy_object, Bucket=b, Key="x", CopySource={"Bucket": "py-none", "Key": "none"})
    refused("PreconditionFailed", 412, CLIENT.copy_object, Bucket=b, Key="x", CopySource=src, CopySourceIfMatch='"no"')


@step
def presigned():
    b = bucket("py-presign")
    sign = signer().generate_presigned_url
    for kw, send in [({}, None), ({"ContentType": "text/x"}, {"Content-Type": "text/x"})]:
        url = sign("put_object", Params={"Bucket": b, "Key": "a b/ü+c", **kw})
        want(http("PUT", url, b"presigned", send or {})[0], 200)
    url = sign("get_object", Params={"Bucket": b, "Key": "a b/ü+c", "ResponseContentType": "a/b"})
    status, headers, body = http("GET", url)
    want((status, headers["Content-Type"], body), (200, "a/b", b"presigned"))
    want(http("GET", url + "x")[0], 403)
    want(http("DELETE", url)[0], 403)
    want(http("GET", sign("list_objects_v2", Params={"Bucket": b}))[0], 200)
    want(http("GET", f"{os.environ['ENDPOINT']}/{b}/a")[0], 403)
    # Without being told otherwise boto3 signs addresses with version 2, which new buckets do not take.
    status, _, body = http("GET", CLIENT.generate_presigned_url("get_object", Params={"Bucket": b, "Key": "a"}))
    assert 400 <= status < 500 and b"<Code>" in body, f"signature version 2: {status} {body}"


def signer():
    return boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], config=Config(signature_version="s3v4"))


def http(method, url, body=None, headers={}):
    req = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": "", **headers})
    try:
        with urllib.request.urlopen(req) as r:
            return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


@step
def virtual_hosted():
    b = bucket("py-virtual")
    host = os.environ["ENDPOINT"].split(":")[-1]
    c = boto3.client("s3", endpoint_url=f"http://localhost:{host}", config=Config(s3={"addressing_style": "virtual"}))
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda name, *a, **kw: resolve("127.0.0.1" if name.endswith(".localhost") else name, *a, **kw)
    try:
        c.put_object(Bucket=b, Key="a b+c//", Body=b"v")
        want(get(b, "a b+c//"), b"v")
        want(c.list_objects_v2(Bucket=b)["KeyCount"], 1)
    finally:
        socket.getaddrinfo = resolve


@step
def versions():
    b = bucket("py-version")
    want("Status" in CLIENT.get_bucket_versioning(Bucket=b), False)
    null = put(b, "k", b"0")
    want("VersionId" in null, False)
    CLIENT.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"})
    v = [put(b, "k", bytes([i]))["VersionId"] for i in range(3)]
    want(get(b, "k", VersionId=v[1]), b"\1")
    want(get(b, "k", VersionId="null"), b"0")
    marker = CLIENT.delete_object(Bucket=b, Key="k")
    want(marker["DeleteMarker"], True)
    e = refused("NoSuchKey", 404, CLIENT.get_object, Bucket=b, Key="k")
    want(e.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
    refused("MethodNotAllowed", 405, CLIENT.get_object, Bucket=b, Key="k", VersionId=marker["VersionId"])
    refused("NoSuchVersion", 404, CLIENT.get_object, Bucket=b, Key="k", VersionId="3" + v[0][1:-1] + "z")
    pages = CLIENT.get_paginator("list_object_versions").paginate(Bucket=b, PaginationConfig={"PageSize": 2})
    got = [x["VersionId"] for p in pages for x in p.get("Versions", [])]
    want(got, v[::-1] + ["null"])
    want(CLIENT.delete_object(Bucket=b, Key="k", VersionId=marker["VersionId"])["DeleteMarker"], True)
    want(get(b, "k"), b"\2")
    CLIENT.copy_object(Bucket=b, Key="k", CopySource={"Bucket": b, "Key": "k", "VersionId": v[0]})
    want(get(b, "k"), b"\0")
    CLIENT.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Suspended"})
    want(put(b, "k", b"null")["VersionId"], "null")
    boto3.resource("s3", endpoint_url=os.environ["ENDPOINT"]).Bucket(b).object_versions.delete()
    CLIENT.delete_bucket(Bucket=b)


@step
def tagging():
    b = bucket("py-tags")
    put(b, "k", Tagging="a=1&b=%C3%BC+x")
    want(CLIENT.get_object_tagging(Bucket=b, Key="k")["TagSet"], [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "ü x"}])
    want(CLIENT.get_object(Bucket=b, Key="k").get("TagCount"), 2)
    CLIENT.put_object_tagging(Bucket=b, Key="k", Tagging={"TagSet": []})
    want(CLIENT.get_object_tagging(Bucket=b, Key="k")["TagSet"], [])
    many = {"TagSet": [{"Key": str(i), "Value": ""} for i in range(11)]}
    assert refused_any(CLIENT.put_object_tagging, Bucket=b, Key="k", Tagging=many) in ("BadRequest", "InvalidTag")
    refused("InvalidTag", 400, CLIENT.put_object_tagging, Bucket=b, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "1"}] * 2})
    refused("NoSuchTagSet", 404, CLIENT.get_bucket_tagging, Bucket=b)
    CLIENT.put_bucket_tagging(Bucket=b, Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
    want(CLIENT.get_bucket_tagging(Bucket=b)["TagSet"], [{"Key": "x", "Value": "y"}])
    CLIENT.delete_bucket_tagging(Bucket=b)
    refused("NoSuchTagSet", 404, CLIENT.get_bucket_tagging, Bucket=b)


def refused_any(f, **kw):
    try:
        f(**kw)
    except ClientError as e:
        return e.response["Error"]["Code"]
    return None


@step
def attributes():
    lacks("GetObjectAttributes", "ObjectAttributes")
    b = bucket("py-attributes")
    put(b, "k", b"body", ChecksumAlgorithm="SHA256")
    r = CLIENT.get_object_attributes(Bucket=b, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"])
    want((r["ETag"], r["ObjectSize"], r["StorageClass"]), (hashlib.md5(b"body").hexdigest(), 4, "STANDARD"))
    assert r["Checksum"]["ChecksumSHA256"]


@step
def bodies_of_threads():
    b = bucket("py-threads")
    put(b, "k", b"0")
    with ThreadPoolExecutor(16) as pool:
        for body in pool.map(lambda i: (put(b, "k", str(i).encode() * 1000), get(b, "k"))[1], range(200)):
            assert len(set(body[i:i + len(body) // 1000] for i in range(0, len(body), len(body) // 1000))) == 1


@step
def acl_of_a_new_bucket():
    b = bucket("py-acl")
    put(b, "k")
    g = CLIENT.get_bucket_acl(Bucket=b)
    want([x["Permission"] for x in g["Grants"]], ["FULL_CONTROL"])
    want(g["Grants"][0]["Grantee"]["Type"], "CanonicalUser")
    CLIENT.put_object_acl(Bucket=b, Key="k", ACL="bucket-owner-full-control")
    refused("AccessControlListNotSupported", 400, CLIENT.put_object_acl, Bucket=b, Key="k", ACL="public-read")
    refused("AccessControlListNotSupported", 400, CLIENT.put_object, Bucket=b, Key="x", ACL="public-read")


@step
def what_is_not_implemented_says_so():
    b = bucket("py-501")
    refused("NotImplemented", 501, CLIENT.put_bucket_accelerate_configuration, Bucket=b, AccelerateConfiguration={"Status": "Enabled"})
    refused("NotImplemented", 501, CLIENT.put_bucket_request_payment, Bucket=b, RequestPaymentConfiguration={"Payer": "Requester"})
    want(keys(b), [])


def has(what, f, **kw):
    """Calls f, for which the server needs what it may lack."""
    try:
        return f(**kw)
    except ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] == 501:
            raise Skip(f"the server has no {what}") from e
        raise


@step
def versioned_locked_tagged_encrypted_round_trip():
    b = "py-governed"
    has("object lock", CLIENT.create_bucket, Bucket=b, ObjectLockEnabledForBucket=True)
    try:
        governed(b)
    finally:
        for v in CLIENT.get_paginator("list_object_versions").paginate(Bucket=b):
            for o in v.get("Versions", []) + v.get("DeleteMarkers", []):
                CLIENT.delete_object(Bucket=b, Key=o["Key"], VersionId=o["VersionId"], BypassGovernanceRetention=True)
        CLIENT.delete_bucket(Bucket=b)


def governed(b):
    until = (datetime.now(timezone.utc) + timedelta(days=1)).replace(microsecond=0)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    sealed = {"ServerSideEncryption": "AES256", **lock}
    want(CLIENT.get_bucket_versioning(Bucket=b)["Status"], "Enabled")
    first = has("encryption", put, b=b, k="k", body=b"one", Tagging="team=a&stage=live", **sealed)
    want(first["ServerSideEncryption"], "AES256")
    v1 = first["VersionId"]
    v2 = put(b, "k", b"two", Tagging="team=b", **sealed)["VersionId"]
    want([get(b, "k"), get(b, "k", VersionId=v1), get(b, "k", VersionId=v2)], [b"two", b"one", b"two"])
    head = CLIENT.head_object(Bucket=b, Key="k", VersionId=v1)
    want([head["ServerSideEncryption"], head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]], ["AES256", "GOVERNANCE", until])
    want(get(b, "k", VersionId=v1, Range="bytes=1-2"), b"ne")

    def tags(version):
        return {t["Key"]: t["Value"] for t in CLIENT.get_object_tagging(Bucket=b, Key="k", VersionId=version)["TagSet"]}

    want([tags(v1), tags(v2)], [{"team": "a", "stage": "live"}, {"team": "b"}])
    CLIENT.put_object_tagging(Bucket=b, Key="k", VersionId=v1, Tagging={"TagSet": [{"Key": "team", "Value": "c"}]})
    want([tags(v1), tags(v2)], [{"team": "c"}, {"team": "b"}])
    refused("AccessDenied", 403, CLIENT.delete_object, Bucket=b, Key="k", VersionId=v1)
    CLIENT.put_object_legal_hold(Bucket=b, Key="k", VersionId=v2, LegalHold={"Status": "ON"})
    refused("AccessDenied", 403, CLIENT.delete_object, Bucket=b, Key="k", VersionId=v2, BypassGovernanceRetention=True)
    CLIENT.put_object_legal_hold(Bucket=b, Key="k", VersionId=v2, LegalHold={"Status": "OFF"})
    marker = CLIENT.delete_object(Bucket=b, Key="k")
    want(marker["DeleteMarker"], True)
    refused("NoSuchKey", 404, CLIENT.get_object, Bucket=b, Key="k")
    copy = CLIENT.copy_object(Bucket=b, Key="copy", CopySource={"Bucket": b, "Key": "k", "VersionId": v1}, ServerSideEncryption="AES256")
    want([copy["CopySourceVersionId"], copy["ServerSideEncryption"], get(b, "copy")], [v1, "AES256", b"one"])
    want(CLIENT.head_object(Bucket=b, Key="copy").get("ObjectLockMode"), None)
    data = os.urandom(PART + 9)
    CLIENT.upload_fileobj(io.BytesIO(data), b, "parts", ExtraArgs={"Tagging": "big=1", **sealed}, Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART))
    head = CLIENT.head_object(Bucket=b, Key="parts")
    want([head["ServerSideEncryption"], head["ObjectLockMode"], get(b, "parts") == data], ["AES256", "GOVERNANCE", True])
    CLIENT.delete_object(Bucket=b, Key="k", VersionId=marker["VersionId"])
    want(get(b, "k"), b"two")
    CLIENT.delete_object(Bucket=b, Key="k", VersionId=v1, BypassGovernanceRetention=True)
    refused("NoSuchVersion", 404, CLIENT.get_object, Bucket=b, Key="k", VersionId=v1)


@step
def empty_every_bucket():
    r = boto3.resource("s3", endpoint_url=os.environ["ENDPOINT"])
    for b in r.buckets.all():
        b.object_versions.delete()
        for u in b.multipart_uploads.all():
            u.abort()
        b.delete()
    want(CLIENT.list_buckets()["Buckets"], [])


def main():
    for f in STEPS:
        name = f.__name__.replace("_", " ")
        try:
            f()
            print(f"ok\t{name}")
        except Skip as e:
            print(f"skip\t{name}\t{e}")
        except Exception:
            print(f"FAIL\t{name}")
            print("    " + "    ".join(traceback.format_exc().splitlines(True)[-8:]))
        sys.stdout.flush()


main()
