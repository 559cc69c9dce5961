# aws-sdk-s3 for Ruby.
require "aws-sdk-s3"
require "digest"
require "net/http"
require "stringio"

S3 = Aws::S3::Client.new(endpoint: ENV["ENDPOINT"], force_path_style: true, region: "us-east-1", retry_limit: 0)
NAMES = ["a b", "a+b", "a%2Fb", "100%", "ünï/cödé", "日本語/☃", "?q=1&x", "#frag", "semi;colon", "~!*'()", "quote\"'`",
         "back\\slash", "<xml>&amp;", "[br]{ace}|", "tab\tkey", "😀"].freeze
$stdout.sync = true

def want(got, wanted, what = "")
  raise "#{what}: got #{got.inspect[0, 300]}, want #{wanted.inspect[0, 300]}" unless got == wanted
end

def refused(error)
  yield
rescue error
  nil
else
  raise "succeeded, want #{error}"
end

def step(name)
  yield
  puts "ok\t#{name}"
rescue StandardError => e
  puts "FAIL\t#{name}", "    #{e.class}: #{e.message}", e.backtrace.first(4).map { |l| "    #{l}" }
end

def bucket(name)
  S3.create_bucket(bucket: name)
  name
end

step "buckets and errors" do
  b = bucket("rb-buckets")
  want(S3.list_buckets.buckets.map(&:name).include?(b), true)
  refused(Aws::S3::Errors::NoSuchKey) { S3.get_object(bucket: b, key: "none") }
  refused(Aws::S3::Errors::NotFound) { S3.head_object(bucket: b, key: "none") }
  refused(Aws::S3::Errors::NoSuchBucket) { S3.list_objects_v2(bucket: "rb-no-such-bucket") }
  S3.put_object(bucket: b, key: "k", body: "")
  refused(Aws::S3::Errors::BucketNotEmpty) { S3.delete_bucket(bucket: b) }
  Aws::S3::Bucket.new(b, client: S3).delete!
end

step "keys, copies, listings, batch deletes" do
  b = bucket("rb-keys")
  NAMES.each do |n|
    S3.put_object(bucket: b, key: n, body: n)
    want(S3.get_object(bucket: b, key: n).body.read.force_encoding("UTF-8"), n)
    Aws::S3::Object.new(b, "copy/#{n}", client: S3).copy_from(Aws::S3::Object.new(b, n, client: S3))
  end
  all = S3.list_objects_v2(bucket: b, max_keys: 5).flat_map { |p| p.contents.map(&:key) }
  want(all.sort, (NAMES + NAMES.map { |n| "copy/#{n}" }).sort)
  Aws::S3::Bucket.new(b, client: S3).objects.batch_delete!
  want(S3.list_objects_v2(bucket: b).key_count, 0)
end

step "multipart and streaming uploads, copies in parts" do
  b = bucket("rb-upload")
  data = Random.bytes(17 << 20)
  o = Aws::S3::Object.new(b, "k", client: S3)
  o.upload_stream(part_size: 5 << 20) { |w| w.binmode; w << data }
  want(Digest::MD5.digest(S3.get_object(bucket: b, key: "k").body.read), Digest::MD5.digest(data))
  Aws::S3::Object.new(b, "copy", client: S3).copy_from(o, multipart_copy: true, content_length: data.bytesize)
  want(S3.head_object(bucket: b, key: "copy").content_length, data.bytesize)
  o.download_file(File.join(ENV["WORK"], "k"), mode: "get_range", chunk_size: 5 << 20)
  want(Digest::MD5.file(File.join(ENV["WORK"], "k")).digest, Digest::MD5.digest(data))
end

step "checksums" do
  b = bucket("rb-sums")
  %w[CRC32 SHA1 SHA256].each do |a|
    r = S3.put_object(bucket: b, key: a, body: "hello", checksum_algorithm: a)
    sum = "checksum_#{a.downcase}"
    want(S3.get_object(bucket: b, key: a, checksum_mode: "ENABLED")[sum], r[sum], a)
    S3.put_object(bucket: b, key: a, body: StringIO.new("hello"), checksum_algorithm: a)
  end
end

step "metadata, versions, presigned" do
  b = bucket("rb-rest")
  S3.put_bucket_versioning(bucket: b, versioning_configuration: { status: "Enabled" })
  v = S3.put_object(bucket: b, key: "k", body: "1", metadata: { "a" => "x  y" }, tagging: "t=1").version_id
  S3.delete_object(bucket: b, key: "k")
  want(S3.head_object(bucket: b, key: "k", version_id: v).metadata, { "a" => "x  y" })
  want(S3.list_object_versions(bucket: b).delete_markers.size, 1)
  url = URI(Aws::S3::Presigner.new(client: S3).presigned_url(:put_object, bucket: b, key: "a b/ü+c"))
  want(Net::HTTP.start(url.host, url.port) { |h| h.send_request("PUT", url.request_uri, "presigned") }.code, "200")
  url = URI(Aws::S3::Presigner.new(client: S3).presigned_url(:get_object, bucket: b, key: "a b/ü+c"))
  want(Net::HTTP.get(url), "presigned")
end
