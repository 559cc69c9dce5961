// aws-sdk version 2 for JavaScript, retired in 2025 and still everywhere: it
// sends Content-MD5 and no checksum.
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { names, refused, require, runSteps, want } from "./step.mjs";

const AWS = require("aws-sdk");
const s3 = new AWS.S3({ endpoint: process.env.ENDPOINT, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, region: "us-east-1", computeChecksums: true });
const call = (op, params) => s3[op](params).promise();

async function bucket(Bucket) {
  await call("createBucket", { Bucket });
  return Bucket;
}

await runSteps("", {
  async "buckets and errors"() {
    const b = await bucket("v2-buckets");
    want((await call("listBuckets")).Buckets.map((x) => x.Name).includes(b), true);
    await refused("NoSuchKey", 404, call("getObject", { Bucket: b, Key: "none" }));
    await refused("NotFound", 404, call("headObject", { Bucket: b, Key: "none" }));
    await refused("NoSuchBucket", 404, call("listObjects", { Bucket: "v2-no-such-bucket" }));
    await call("deleteBucket", { Bucket: b });
  },
  async "keys, listings, deletes"() {
    const b = await bucket("v2-keys");
    for (const Key of names) {
      await call("putObject", { Bucket: b, Key, Body: Key });
      want((await call("getObject", { Bucket: b, Key })).Body.toString(), Key, Key);
      await call("copyObject", { Bucket: b, Key: "copy/" + Key, CopySource: encodeURIComponent(`${b}/${Key}`) });
    }
    const all = (await call("listObjectsV2", { Bucket: b })).Contents.map((o) => o.Key);
    want(all.toSorted(), [...names, ...names.map((n) => "copy/" + n)].toSorted());
    want((await call("listObjects", { Bucket: b, Delimiter: "/", MaxKeys: 1 })).IsTruncated, true);
    const out = await call("deleteObjects", { Bucket: b, Delete: { Objects: all.map((Key) => ({ Key })) } });
    want([out.Deleted.length, out.Errors], [all.length, []]);
  },
  async "managed upload of a stream, and of parts"() {
    const b = await bucket("v2-upload");
    const data = randomBytes(12 << 20);
    for (const Body of [data, Readable.from([data.subarray(0, 7 << 20), data.subarray(7 << 20)])]) {
      await s3.upload({ Bucket: b, Key: "k", Body, Metadata: { m: "1" } }, { partSize: 5 << 20 }).promise();
      const got = await call("getObject", { Bucket: b, Key: "k" });
      want(got.Body, data);
      want([got.Metadata, got.ETag.slice(-3)], [{ m: "1" }, '-3"']);
    }
    want((await call("getObject", { Bucket: b, Key: "k", Range: "bytes=-5" })).Body, data.subarray(-5));
  },
  async "presigned, with metadata"() {
    const b = await bucket("v2-presigned");
    const put = s3.getSignedUrl("putObject", { Bucket: b, Key: "a b+ü", ContentType: "text/x", Metadata: { m: "1" } });
    want((await fetch(put, { method: "PUT", body: "presigned", headers: { "content-type": "text/x", "x-amz-meta-m": "1" } })).status, 200);
    want((await call("headObject", { Bucket: b, Key: "a b+ü" })).Metadata, { m: "1" });
    want(await (await fetch(s3.getSignedUrl("getObject", { Bucket: b, Key: "a b+ü" }))).text(), "presigned");
  },
  async "versions and tags"() {
    const b = await bucket("v2-versions");
    await call("putBucketVersioning", { Bucket: b, VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await call("putObject", { Bucket: b, Key: "k", Body: "1", Tagging: "a=b%20c" });
    await call("deleteObject", { Bucket: b, Key: "k" });
    want((await call("getObjectTagging", { Bucket: b, Key: "k", VersionId })).TagSet, [{ Key: "a", Value: "b c" }]);
    want((await call("listObjectVersions", { Bucket: b })).DeleteMarkers.length, 1);
  },
});
