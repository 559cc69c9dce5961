// @aws-sdk/client-s3 with its checksum defaults of 2025, over http and https.
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { names, refused, require, runSteps, Skip, want } from "./step.mjs";

const s3 = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const PART = 5 << 20;
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
let client, fast, suffix; // fast computes no checksum that it need not

function connect(endpoint, config = {}) {
  return new s3.S3Client({ endpoint, region: process.env.AWS_DEFAULT_REGION, forcePathStyle: true, maxAttempts: 1, logger: silent,
    requestStreamBufferSize: 65536, // S3 refuses chunks under 8 KiB, which Node's streams have
    ...config });
}

const send = (command, input, c = client) => c.send(new s3[command + "Command"](input));
const text = async (output) => output.Body.transformToString();
const bytes = async (output) => Buffer.from(await output.Body.transformToByteArray());

async function bucket(name) {
  await send("CreateBucket", { Bucket: name + suffix });
  return name + suffix;
}

// has is what the server may lack: then the step is skipped.
async function has(what, promise) {
  try {
    return await promise;
  } catch (e) {
    if (e.$metadata?.httpStatusCode === 501) throw new Skip(`the server has no ${what}`);
    throw e;
  }
}

async function governed(b) {
  const until = new Date(Math.floor(Date.now() / 1000 + 86400) * 1000);
  const sealed = { ServerSideEncryption: "AES256", ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: until };
  const k = { Bucket: b, Key: "k" };
  const read = async (input) => text(await send("GetObject", input));
  const tags = async (VersionId) => (await send("GetObjectTagging", { ...k, VersionId })).TagSet.map((t) => t.Key + "=" + t.Value).sort().join();
  want((await send("GetBucketVersioning", { Bucket: b })).Status, "Enabled");
  const first = await has("encryption", send("PutObject", { ...k, Body: "one", Tagging: "team=a&stage=live", ...sealed }));
  const v1 = first.VersionId, v2 = (await send("PutObject", { ...k, Body: "two", Tagging: "team=b", ...sealed })).VersionId;
  want([first.ServerSideEncryption, await read(k), await read({ ...k, VersionId: v1 })], ["AES256", "two", "one"]);
  const head = await send("HeadObject", { ...k, VersionId: v1 });
  want([head.ServerSideEncryption, head.ObjectLockMode, head.ObjectLockRetainUntilDate], ["AES256", "GOVERNANCE", until]);
  want([await tags(v1), await tags(v2)], ["stage=live,team=a", "team=b"]);
  await send("PutObjectTagging", { ...k, VersionId: v1, Tagging: { TagSet: [{ Key: "team", Value: "c" }] } });
  want([await tags(v1), await tags(v2)], ["team=c", "team=b"]);
  await refused("AccessDenied", 403, send("DeleteObject", { ...k, VersionId: v1 }));
  await send("PutObjectLegalHold", { ...k, VersionId: v2, LegalHold: { Status: "ON" } });
  await refused("AccessDenied", 403, send("DeleteObject", { ...k, VersionId: v2, BypassGovernanceRetention: true }));
  await send("PutObjectLegalHold", { ...k, VersionId: v2, LegalHold: { Status: "OFF" } });
  const marker = await send("DeleteObject", k);
  want(marker.DeleteMarker, true);
  await refused("NoSuchKey", 404, send("GetObject", k));
  const copy = await send("CopyObject", { Bucket: b, Key: "copy", CopySource: `${b}/k?versionId=${v1}`, ServerSideEncryption: "AES256" });
  want([copy.CopySourceVersionId, copy.ServerSideEncryption, await read({ Bucket: b, Key: "copy" })], [v1, "AES256", "one"]);
  want((await send("HeadObject", { Bucket: b, Key: "copy" })).ObjectLockMode, undefined);
  const data = randomBytes(PART + 9);
  await new Upload({ client, partSize: PART, params: { Bucket: b, Key: "parts", Body: data, Tagging: "big=1", ...sealed } }).done();
  const parts = await send("GetObject", { Bucket: b, Key: "parts" });
  want([parts.ServerSideEncryption, parts.ObjectLockMode, (await bytes(parts)).equals(data)], ["AES256", "GOVERNANCE", true]);
  await send("DeleteObject", { ...k, VersionId: marker.VersionId });
  want(await read(k), "two");
  await send("DeleteObject", { ...k, VersionId: v1, BypassGovernanceRetention: true });
  await refused("NoSuchVersion", 404, send("GetObject", { ...k, VersionId: v1 }));
}

const steps = {
  async "buckets"() {
    const b = await bucket("js-first");
    want((await send("ListBuckets", {})).Buckets.map((x) => x.Name).includes(b), true);
    await send("HeadBucket", { Bucket: b });
    await refused("NoSuchBucket", 404, send("ListObjectsV2", { Bucket: "js-no-such-bucket" }));
    await refused("NotFound", 404, send("HeadBucket", { Bucket: "js-no-such-bucket" }));
  },
  async "missing keys"() {
    const b = await bucket("js-missing");
    const e = await refused("NoSuchKey", 404, send("GetObject", { Bucket: b, Key: "none" }));
    want(e instanceof s3.NoSuchKey, true);
    await refused("NotFound", 404, send("HeadObject", { Bucket: b, Key: "none" }));
    await refused("NoSuchUpload", 404, send("AbortMultipartUpload", { Bucket: b, Key: "k", UploadId: "none" }));
    await send("DeleteObject", { Bucket: b, Key: "none" });
  },
  async "bodies: string, buffer, stream of known and of unknown length"() {
    const b = await bucket("js-bodies");
    const data = randomBytes(300000);
    for (const [key, Body, extra] of [
      ["string", "hello", {}], ["empty", "", {}], ["buffer", data, {}],
      ["stream", Readable.from([data.subarray(0, 9), data.subarray(9)]), { ContentLength: data.length }],
      ["gzip", "packed", { ContentEncoding: "gzip" }],
      ["gzip stream", Readable.from([data]), { ContentLength: data.length, ContentEncoding: "gzip" }],
    ]) {
      const r = await send("PutObject", { Bucket: b, Key: key, Body, ...extra });
      want(typeof r.ChecksumCRC32, "string", key);
      const got = await send("GetObject", { Bucket: b, Key: key });
      const sent = typeof Body === "string" ? Buffer.from(Body) : data;
      want([got.ContentLength, got.ContentEncoding], [sent.length, extra.ContentEncoding], key);
      want(await bytes(got), sent, key);
      want(r.ETag, `"${createHash("md5").update(sent).digest("hex")}"`);
    }
  },
  async "every checksum"() {
    const b = await bucket("js-sums");
    for (const a of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
      for (const Body of ["hello", Readable.from(["hel", "lo"])]) {
        let r;
        try {
          r = await send("PutObject", { Bucket: b, Key: a, Body, ContentLength: 5, ChecksumAlgorithm: a });
        } catch (e) {
          if (a === "CRC64NVME" && /CRC64NVME|CRT|crc64/i.test(e.message) && !e.$metadata?.httpStatusCode) break; // needs another package
          throw e;
        }
        const got = await send("GetObject", { Bucket: b, Key: a, ChecksumMode: "ENABLED" });
        want([await text(got), got["Checksum" + a]], ["hello", r["Checksum" + a]], a);
        want(got.ChecksumType, "FULL_OBJECT");
      }
    }
    await refused("BadDigest", 400, send("PutObject", { Bucket: b, Key: "bad", Body: "hello", ChecksumSHA256: Buffer.alloc(32).toString("base64") }));
    await refused("NotFound", 404, send("HeadObject", { Bucket: b, Key: "bad" }));
    const r = await send("PutObject", { Bucket: b, Key: "none", Body: "hello" }, fast);
    want(r.ChecksumCRC32, undefined);
    // Those of 2026 it sends where it is given them; it cannot verify what it reads.
    for (const [a, sum] of Object.entries({ MD5: "XUFAKrxLKna5cZ2REBfFkg==", XXHASH64: "JseCfYifbaM=", XXHASH3: "lVXoVVxi3P0=", XXHASH128: "tenBrQcbPn/Hec+qXlI4GA==",
      SHA512: createHash("sha512").update("hello").digest("base64") })) {
      want((await send("PutObject", { Bucket: b, Key: a, Body: "hello", ["Checksum" + a]: sum }))["Checksum" + a], sum, a);
      want((await send("HeadObject", { Bucket: b, Key: a, ChecksumMode: "ENABLED" }))["Checksum" + a], sum, a);
      want(await text(await send("GetObject", { Bucket: b, Key: a }, fast)), "hello", a);
      await refused("BadDigest", 400, send("PutObject", { Bucket: b, Key: "bad", Body: "jello", ["Checksum" + a]: sum }));
    }
  },
  async "keys that clients get wrong"() {
    const b = await bucket("js-keys");
    for (const n of names) await send("PutObject", { Bucket: b, Key: n, Body: n });
    for (const n of names) want(await text(await send("GetObject", { Bucket: b, Key: n })), n, n);
    const listed = (await send("ListObjectsV2", { Bucket: b })).Contents.map((o) => o.Key);
    want(listed.toSorted(), names.toSorted());
    for (const n of names) {
      await send("CopyObject", { Bucket: b, Key: "copy/" + n, CopySource: `${b}/${encodeURIComponent(n)}` });
      want(await text(await send("GetObject", { Bucket: b, Key: "copy/" + n })), n, "copy of " + n);
    }
    const out = await send("DeleteObjects", { Bucket: b, Delete: { Objects: names.map((Key) => ({ Key })) } });
    want([out.Deleted.length, out.Errors], [names.length, undefined]);
  },
  async "1,100 keys in pages"() {
    const b = await bucket("js-list");
    const names = Array.from({ length: 1100 }, (_, i) => `d${i % 10}/k${String(i).padStart(4, "0")}`).toSorted();
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((Key) => send("PutObject", { Bucket: b, Key, Body: "" })));
    for (const pageSize of [1000, 99]) {
      const got = [];
      for await (const p of s3.paginateListObjectsV2({ client, pageSize }, { Bucket: b })) got.push(...(p.Contents ?? []).map((o) => o.Key));
      want(got, names);
    }
    const prefixes = [];
    for await (const p of s3.paginateListObjectsV2({ client, pageSize: 3 }, { Bucket: b, Delimiter: "/" })) prefixes.push(...(p.CommonPrefixes ?? []).map((c) => c.Prefix));
    want(prefixes, Array.from({ length: 10 }, (_, i) => `d${i}/`));
    want((await send("DeleteObjects", { Bucket: b, Delete: { Objects: names.slice(0, 1000).map((Key) => ({ Key })), Quiet: true } })).Deleted, undefined);
    want((await send("ListObjectsV2", { Bucket: b })).KeyCount, 100);
  },
  async "lib-storage: multipart of buffers and of streams of unknown length"() {
    const b = await bucket("js-upload");
    const data = randomBytes(20 << 20);
    for (const [key, body, extra] of [
      ["buffer", () => data, {}],
      ["stream", () => Readable.from((function* () { for (let i = 0; i < data.length; i += 1 << 20) yield data.subarray(i, i + (1 << 20)); })()), {}],
      ["sha256", () => data, { ChecksumAlgorithm: "SHA256" }],
      ["small", () => Readable.from(["tiny"]), {}],
    ]) {
      await new Upload({ client, partSize: PART, queueSize: 4, params: { Bucket: b, Key: key, Body: body(), Metadata: { m: "1" }, ...extra } }).done();
      const got = await send("GetObject", { Bucket: b, Key: key, ChecksumMode: "ENABLED" });
      want(got.Metadata, { m: "1" });
      want(await bytes(got), key === "small" ? Buffer.from("tiny") : data, key);
      if (key === "sha256") want([got.ChecksumSHA256.slice(-2), got.ChecksumType], ["-4", "COMPOSITE"]);
    }
    const up = new Upload({ client, partSize: PART, params: { Bucket: b, Key: "aborted", Body: data } });
    const done = up.done().then(() => "done", (e) => e.name);
    await up.abort();
    want(await done, "AbortError");
    await refused("NotFound", 404, send("HeadObject", { Bucket: b, Key: "aborted" }));
    const part = await send("GetObject", { Bucket: b, Key: "buffer", PartNumber: 2 });
    want([part.PartsCount, part.ContentRange], [4, `bytes ${PART}-${2 * PART - 1}/${data.length}`]);
    want(await bytes(part), data.subarray(PART, 2 * PART));
  },
  async "multipart by hand"() {
    const b = await bucket("js-parts");
    for (const c of [client, fast]) {
      for (const extra of [{}, { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" }, { ChecksumAlgorithm: "SHA1" }]) {
        const at = { Bucket: b, Key: "k" };
        const { UploadId } = await send("CreateMultipartUpload", { ...at, ...extra }, c);
        const Parts = [];
        for (const [PartNumber, Body] of [[1, Buffer.alloc(PART, 1)], [5, "end"]]) {
          const r = await send("UploadPart", { ...at, UploadId, PartNumber, Body, ChecksumAlgorithm: extra.ChecksumAlgorithm }, c);
          // Only what the upload announced belongs into its completion.
          const sum = extra.ChecksumAlgorithm && "Checksum" + extra.ChecksumAlgorithm;
          Parts.push({ PartNumber, ETag: r.ETag, ...(sum && { [sum]: r[sum] }) });
        }
        want((await send("ListParts", { ...at, UploadId })).Parts.map((p) => p.PartNumber), [1, 5]);
        const done = await send("CompleteMultipartUpload", { ...at, UploadId, MultipartUpload: { Parts } }, c);
        want(done.ETag.slice(-3), '-2"');
        want((await send("HeadObject", at)).ContentLength, PART + 3);
        await refused("NoSuchUpload", 404, send("ListParts", { ...at, UploadId }));
      }
    }
    const { UploadId } = await send("CreateMultipartUpload", { Bucket: b, Key: "copy" });
    const r = await send("UploadPartCopy", { Bucket: b, Key: "copy", UploadId, PartNumber: 1, CopySource: `${b}/k`, CopySourceRange: "bytes=0-99" });
    await send("CompleteMultipartUpload", { Bucket: b, Key: "copy", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: r.CopyPartResult.ETag }] } });
    want((await send("HeadObject", { Bucket: b, Key: "copy" })).ContentLength, 100);
  },
  async "presigned: GET, PUT with the checksum in the query, PUT of a part"() {
    const b = await bucket("js-presign");
    const Key = "a b/ü+c";
    for (const c of [client, fast]) {
      const put = await getSignedUrl(c, new s3.PutObjectCommand({ Bucket: b, Key }), { expiresIn: 60 });
      const r = await fetch(put, { method: "PUT", body: c === fast ? "presigned" : "" });
      want(r.status, 200, await r.text());
    }
    const typed = await getSignedUrl(fast, new s3.PutObjectCommand({ Bucket: b, Key, ContentType: "text/x", Metadata: { m: "1" } }), { expiresIn: 60, signableHeaders: new Set(["content-type"]) });
    want((await fetch(typed, { method: "PUT", body: "presigned", headers: { "content-type": "text/y" } })).status, 403);
    want((await fetch(typed, { method: "PUT", body: "presigned", headers: { "content-type": "text/x" } })).status, 200);
    want((await send("HeadObject", { Bucket: b, Key })).Metadata, { m: "1" });
    const get = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket: b, Key, ResponseContentDisposition: 'attachment; filename="ü.txt"' }), { expiresIn: 60 });
    const r = await fetch(get, { headers: { range: "bytes=0-2" } });
    want([r.status, await r.text()], [206, "pre"]);
    want((await fetch(get + "0")).status, 403);
    want((await fetch(await getSignedUrl(client, new s3.DeleteObjectCommand({ Bucket: b, Key }), { expiresIn: 60 }), { method: "DELETE" })).status, 204);
    const { UploadId } = await send("CreateMultipartUpload", { Bucket: b, Key }, fast);
    const part = await getSignedUrl(fast, new s3.UploadPartCommand({ Bucket: b, Key, UploadId, PartNumber: 1 }), { expiresIn: 60 });
    const { headers, status } = await fetch(part, { method: "PUT", body: "part" });
    want(status, 200);
    await send("CompleteMultipartUpload", { Bucket: b, Key, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: headers.get("etag") }] } });
    want(await text(await send("GetObject", { Bucket: b, Key })), "part");
  },
  async "conditional writes and reads"() {
    const b = await bucket("js-cas");
    const at = { Bucket: b, Key: "k" };
    const { ETag } = await send("PutObject", { ...at, Body: "1", IfNoneMatch: "*" });
    await refused("PreconditionFailed", 412, send("PutObject", { ...at, Body: "2", IfNoneMatch: "*" }));
    await send("PutObject", { ...at, Body: "2", IfMatch: ETag });
    await refused("PreconditionFailed", 412, send("PutObject", { ...at, Body: "3", IfMatch: ETag }));
    await refused("PreconditionFailed", 412, send("GetObject", { ...at, IfMatch: ETag }));
    await refused("PreconditionFailed", 412, send("DeleteObject", { ...at, IfMatch: ETag }));
    const race = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      send("PutObject", { Bucket: b, Key: "race", Body: String(i), IfNoneMatch: "*" }).then(() => 1, () => 0)));
    want(race.reduce((x, y) => x + y), 1, "winners");
    const { UploadId } = await send("CreateMultipartUpload", at);
    const p = await send("UploadPart", { ...at, UploadId, PartNumber: 1, Body: "x" });
    await refused("PreconditionFailed", 412, send("CompleteMultipartUpload", { ...at, UploadId, IfNoneMatch: "*", MultipartUpload: { Parts: [{ PartNumber: 1, ETag: p.ETag }] } }));
  },
  async "metadata, tags, copies, versions, attributes"() {
    const b = await bucket("js-rest");
    const at = { Bucket: b, Key: "k" };
    await send("PutBucketVersioning", { Bucket: b, VersioningConfiguration: { Status: "Enabled" } });
    const v1 = await send("PutObject", { ...at, Body: "1", Metadata: { a: "1", spaced: "x  y" }, Tagging: "t=%C3%BC", CacheControl: "no-store" });
    want((await send("GetObjectTagging", at)).TagSet, [{ Key: "t", Value: "ü" }]);
    await send("CopyObject", { ...at, CopySource: `${b}/k?versionId=${v1.VersionId}`, MetadataDirective: "REPLACE", Metadata: { b: "2" } });
    want((await send("HeadObject", at)).Metadata, { b: "2" });
    want((await send("HeadObject", { ...at, VersionId: v1.VersionId })).CacheControl, "no-store");
    want((await send("DeleteObject", at)).DeleteMarker, true);
    const l = await send("ListObjectVersions", { Bucket: b });
    want([l.Versions.length, l.DeleteMarkers.length], [2, 1]);
    const a = await send("GetObjectAttributes", { ...at, VersionId: v1.VersionId, ObjectAttributes: ["ETag", "Checksum", "ObjectSize", "StorageClass"] });
    want([a.ObjectSize, a.StorageClass, typeof a.Checksum.ChecksumCRC32], [1, "STANDARD", "string"]);
    await send("PutBucketTagging", { Bucket: b, Tagging: { TagSet: [{ Key: "x", Value: "y" }] } });
    want((await send("GetBucketTagging", { Bucket: b })).TagSet, [{ Key: "x", Value: "y" }]);
    await send("DeleteObjects", { Bucket: b, Delete: { Objects: [...l.Versions, ...l.DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId })) } });
    await send("DeleteBucket", { Bucket: b });
  },
  async "what is not implemented says so"() {
    const b = await bucket("js-501");
    await refused("NotImplemented", 501, send("PutBucketAccelerateConfiguration", { Bucket: b, AccelerateConfiguration: { Status: "Enabled" } }));
    await refused("NotImplemented", 501, send("PutBucketRequestPayment", { Bucket: b, RequestPaymentConfiguration: { Payer: "Requester" } }));
    await refused("NoSuchBucketPolicy", 404, send("GetBucketPolicy", { Bucket: b }));
  },
  async "versioned, locked, tagged, encrypted round trip"() {
    const b = "js-governed" + suffix;
    await has("object lock", send("CreateBucket", { Bucket: b, ObjectLockEnabledForBucket: true }));
    try {
      await governed(b);
    } finally {
      const all = await send("ListObjectVersions", { Bucket: b });
      for (const { Key, VersionId } of [...(all.Versions ?? []), ...(all.DeleteMarkers ?? [])])
        await send("DeleteObject", { Bucket: b, Key, VersionId, BypassGovernanceRetention: true });
      await send("DeleteBucket", { Bucket: b });
    }
  },
  async "bad credentials"() {
    const bad = (accessKeyId, secretAccessKey) => connect(client.config.endpointForTest, { credentials: { accessKeyId, secretAccessKey } });
    await refused("InvalidAccessKeyId", 403, send("ListBuckets", {}, bad("nobody", "x")));
    await refused("SignatureDoesNotMatch", 403, send("ListBuckets", {}, bad(process.env.AWS_ACCESS_KEY_ID, "x")));
  },
};

for (const [name, endpoint] of [["http", process.env.ENDPOINT], ["https", process.env.TLS_ENDPOINT]]) {
  if (!endpoint) {
    console.log(`skip\t${name}\tthe server has no such endpoint`);
    continue;
  }
  suffix = "-" + name;
  client = connect(endpoint);
  client.config.endpointForTest = endpoint;
  fast = connect(endpoint, { requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" });
  await runSteps(name + ": ", steps);
}
