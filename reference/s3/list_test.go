package s3

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

func page() object.ListResult {
	return object.ListResult{
		Bucket: object.Bucket{Region: "us-east-1"},
		Objects: []object.Version{{Key: "a/<1>", Modified: noon, ETag: "e1", Size: 7, Owner: owner,
			Checksum: object.Checksum{Algorithm: "CRC32", Type: "FULL_OBJECT", Value: "x"}}},
		CommonPrefixes: []string{"a/b c/"}, Truncated: true, Next: "a/b c/", NextPrefix: true,
	}
}

func TestListV1(t *testing.T) {
	f := &fake{list: page()}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b?prefix=a/&delimiter=/&marker=a/0&max-keys=2", "")
	want := declaration + `<ListBucketResult xmlns="` + namespace + `"><Name>b</Name><Prefix>a/</Prefix><Marker>a/0</Marker><NextMarker>a/b c/</NextMarker>` +
		`<MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated>` +
		`<Contents><Key>a/&lt;1&gt;</Key><LastModified>2026-03-04T12:30:45.678Z</LastModified><ETag>&quot;e1&quot;</ETag>` +
		`<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>7</Size>` +
		`<Owner><ID>` + owner + `</ID><DisplayName>Ada</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>` +
		`<CommonPrefixes><Prefix>a/b c/</Prefix></CommonPrefixes></ListBucketResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	if got.header.Get("x-amz-bucket-region") != "us-east-1" {
		t.Errorf("got %v", got.header)
	}
	if d := cmp.Diff(object.ListInput{Bucket: "b", Prefix: "a/", Delimiter: "/", After: "a/0", Max: 2}, f.only(t, "List").in, factless); d != "" {
		t.Error(d)
	}
	if got := do(t, srv, "GET", "/b", ""); strings.Contains(got.body, "NextMarker") {
		t.Errorf("without delimiter: got %s", got.body)
	}
}

func TestListV2(t *testing.T) {
	f := &fake{list: page()}
	srv := newTest(t, f)
	token := newToken("k", false)
	got := do(t, srv, "GET", "/b?list-type=2&prefix=a/&delimiter=/&start-after=a/0&continuation-token="+token+"&max-keys=5000&encoding-type=url", "")
	want := declaration + `<ListBucketResult xmlns="` + namespace + `"><Name>b</Name><Prefix>a/</Prefix><StartAfter>a/0</StartAfter>` +
		`<ContinuationToken>` + token + `</ContinuationToken><NextContinuationToken>` + newToken("a/b c/", true) + `</NextContinuationToken>` +
		`<KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>` +
		`<Contents><Key>a/%3C1%3E</Key><LastModified>2026-03-04T12:30:45.678Z</LastModified><ETag>&quot;e1&quot;</ETag>` +
		`<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>` +
		`<CommonPrefixes><Prefix>a/b%20c/</Prefix></CommonPrefixes></ListBucketResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(object.ListInput{Bucket: "b", Prefix: "a/", Delimiter: "/", After: "k", Max: 1000}, f.only(t, "List").in, factless); d != "" {
		t.Error(d)
	}
	next := between(got.body, "<NextContinuationToken>", "</NextContinuationToken>")
	do(t, srv, "GET", "/b?list-type=2&fetch-owner=true&continuation-token="+next, "")
	if in := f.calls[1].in.(object.ListInput); in.After != "a/b c/" || !in.AfterPrefix {
		t.Errorf("got %+v", in)
	}
	if got := do(t, srv, "GET", "/b?list-type=2&fetch-owner=true", ""); !strings.Contains(got.body, "<Owner>") {
		t.Errorf("got %s", got.body)
	}
}

// A marker of the client's own choice inside a prefix stands behind all of it.
func TestListFromInsideAPrefix(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	for query, want := range map[string]object.ListInput{
		"?marker=a/b&delimiter=/":                     {After: "a/", AfterPrefix: true, Delimiter: "/"},
		"?marker=a/&delimiter=/":                      {After: "a/", AfterPrefix: true, Delimiter: "/"},
		"?marker=a&delimiter=/":                       {After: "a", Delimiter: "/"},
		"?marker=a/b":                                 {After: "a/b"},
		"?marker=a/b&delimiter=/&prefix=a/":           {After: "a/b", Delimiter: "/", Prefix: "a/"},
		"?marker=a/b/c&delimiter=/&prefix=a/":         {After: "a/b/", AfterPrefix: true, Delimiter: "/", Prefix: "a/"},
		"?marker=0/b&delimiter=/&prefix=a/":           {After: "0/b", Delimiter: "/", Prefix: "a/"},
		"?list-type=2&start-after=axybz&delimiter=xy": {After: "axy", AfterPrefix: true, Delimiter: "xy"},
	} {
		f.calls = nil
		do(t, srv, "GET", "/b"+query, "")
		want.Bucket, want.Max = "b", 1000
		if d := cmp.Diff(want, f.only(t, "List").in, factless); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
}

func TestListRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	for _, q := range []string{"max-keys=-1", "max-keys=abc", "max-keys=2147483648", "max-keys=1.5", "encoding-type=base64",
		"list-type=2&continuation-token=nonsense", "list-type=2&continuation-token=", "start-after=a", "list-type=1&continuation-token=", "list-type=2&marker="} {
		do(t, srv, "GET", "/b?"+q, "").wantError(t, 400, errcode.InvalidArgument)
	}
	do(t, srv, "GET", "/b?versions&version-id-marker=v", "").wantError(t, 400, errcode.InvalidArgument)
	do(t, srv, "GET", "/b?uploads&max-uploads=x", "").wantError(t, 400, errcode.InvalidArgument)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	do(t, srv, "GET", "/b?max-keys=0", "")
	if in := f.only(t, "List").in.(object.ListInput); in.Max != 0 {
		t.Errorf("got %+v", in)
	}
}

func TestListVersions(t *testing.T) {
	f := &fake{versions: object.ListVersionsResult{
		Versions: []object.Version{
			{Key: "k", ID: "v2", Latest: true, DeleteMarker: true, Modified: noon, Owner: owner},
			{Key: "k", ID: "null", Modified: noon, ETag: "e", Size: 3, Owner: "other"},
		},
		CommonPrefixes: []string{"p/"}, Truncated: true, NextKey: "p/",
	}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b?versions&key-marker=j&version-id-marker=v1&delimiter=/", "")
	want := declaration + `<ListVersionsResult xmlns="` + namespace + `"><Name>b</Name><Prefix></Prefix><KeyMarker>j</KeyMarker><VersionIdMarker>v1</VersionIdMarker>` +
		`<NextKeyMarker>p/</NextKeyMarker><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated>` +
		`<DeleteMarker><Key>k</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>2026-03-04T12:30:45.678Z</LastModified>` +
		`<Owner><ID>` + owner + `</ID><DisplayName>Ada</DisplayName></Owner></DeleteMarker>` +
		`<Version><Key>k</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><LastModified>2026-03-04T12:30:45.678Z</LastModified>` +
		`<ETag>&quot;e&quot;</ETag><Size>3</Size><Owner><ID>other</ID></Owner><StorageClass>STANDARD</StorageClass></Version>` +
		`<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListVersionsResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(object.ListVersionsInput{Bucket: "b", Delimiter: "/", AfterKey: "j", AfterVersion: "v1", Max: 1000}, f.only(t, "ListVersions").in, factless); d != "" {
		t.Error(d)
	}
}

func TestListUploads(t *testing.T) {
	up := object.Upload{Key: "k 1", ID: "u1", Owner: owner, Initiator: owner, Initiated: noon, Algorithm: "CRC32", ChecksumType: "COMPOSITE"}
	f := &fake{uploads: object.ListUploadsResult{Uploads: []object.Upload{up}, Truncated: true, NextKey: "k 1", NextUpload: "u1"}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b?uploads&prefix=k&key-marker=j&upload-id-marker=u0&max-uploads=1&encoding-type=url", "")
	who := `<ID>` + owner + `</ID><DisplayName>Ada</DisplayName>`
	want := declaration + `<ListMultipartUploadsResult xmlns="` + namespace + `"><Bucket>b</Bucket><KeyMarker>j</KeyMarker><UploadIdMarker>u0</UploadIdMarker>` +
		`<NextKeyMarker>k%201</NextKeyMarker><NextUploadIdMarker>u1</NextUploadIdMarker><Prefix>k</Prefix><MaxUploads>1</MaxUploads>` +
		`<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Upload><Key>k%201</Key><UploadId>u1</UploadId>` +
		`<Initiator>` + who + `</Initiator><Owner>` + who + `</Owner><StorageClass>STANDARD</StorageClass><Initiated>2026-03-04T12:30:45.678Z</Initiated>` +
		`<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType></Upload></ListMultipartUploadsResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(object.ListUploadsInput{Bucket: "b", Prefix: "k", AfterKey: "j", AfterUpload: "u0", Max: 1}, f.only(t, "ListUploads").in, factless); d != "" {
		t.Error(d)
	}
	do(t, srv, "GET", "/b?uploads&upload-id-marker=u0", "")
	if in := f.calls[1].in.(object.ListUploadsInput); in.AfterUpload != "" {
		t.Errorf("got %+v, want the marker of an upload alone ignored", in)
	}
}
