package s3

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var ada = object.Caller{Account: owner, Name: "Ada"}

func TestCreateUpload(t *testing.T) {
	f := &fake{upload: object.Upload{ID: "u1", Algorithm: "SHA256", ChecksumType: "COMPOSITE"}}
	srv := newTest(t, f)
	got := do(t, srv, "POST", "/b/a%26b?uploads", "", "Content-Type: x/y", "x-amz-checksum-algorithm: SHA256", "x-amz-checksum-type: COMPOSITE")
	want := declaration + `<InitiateMultipartUploadResult xmlns="` + namespace + `"><Bucket>b</Bucket><Key>a&amp;b</Key><UploadId>u1</UploadId></InitiateMultipartUploadResult>`
	if d := cmp.Diff(want, got.body); d != "" || got.header.Get("x-amz-checksum-algorithm") != "SHA256" || got.header.Get("x-amz-checksum-type") != "COMPOSITE" {
		t.Errorf("got %v %s", got.header, d)
	}
	in := object.CreateUploadInput{Caller: ada, Bucket: "b", Key: "a&b", Attributes: object.Attributes{ContentType: "x/y"}, Algorithm: "SHA256", ChecksumType: "COMPOSITE"}
	if d := cmp.Diff(in, f.only(t, "CreateUpload").in, factless); d != "" {
		t.Error(d)
	}
	for _, headers := range [][]string{
		{"x-amz-checksum-type: COMPOSITE"},
		{"x-amz-checksum-algorithm: MD4"},
		{"x-amz-checksum-algorithm: CRC32", "x-amz-checksum-type: PARTIAL"},
		{"x-amz-checksum-algorithm: SHA1", "x-amz-checksum-type: FULL_OBJECT"},
		{"x-amz-checksum-algorithm: CRC64NVME", "x-amz-checksum-type: COMPOSITE"},
	} {
		do(t, srv, "POST", "/b/k?uploads", "", headers...).wantError(t, 400, errcode.InvalidRequest)
	}
	do(t, srv, "POST", "/b/k?uploads", "", "x-amz-server-side-encryption: aws:kms:dsse").wantError(t, 501, errcode.NotImplemented)
}

func TestUploadPart(t *testing.T) {
	f := &fake{part: object.Part{ETag: "e", Checksum: object.Checksum{Algorithm: "CRC32", Value: "AAAAAA=="}}}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/b/k?partNumber=7&uploadId=u1", "part", "x-amz-checksum-crc32: AAAAAA==")
	if got.status != 200 || got.header.Get("ETag") != `"e"` || got.header.Get("x-amz-checksum-crc32") != "AAAAAA==" {
		t.Errorf("got %+v", got)
	}
	c := f.only(t, "UploadPart")
	in := c.in.(object.UploadPartInput)
	if c.body != "part" || in.Number != 7 || in.UploadID != "u1" || !cmp.Equal(in.Caller, ada, factless) || in.Key != "k" || in.Body.Checksum.Algorithm != "CRC32" {
		t.Errorf("got %+v", c)
	}
	for target, want := range map[string]errcode.Code{
		"/b/k?partNumber=0&uploadId=u": errcode.InvalidArgument, "/b/k?partNumber=10001&uploadId=u": errcode.InvalidArgument,
		"/b/k?partNumber=x&uploadId=u": errcode.InvalidArgument, "/b/k?uploadId=u": errcode.InvalidRequest, "/b/k?partNumber=1": errcode.InvalidRequest,
	} {
		do(t, srv, "PUT", target, "part").wantError(t, 400, want)
	}
}

func TestUploadPartCopy(t *testing.T) {
	f := &fake{copyPart: object.CopyPartResult{SourceVersion: "v1",
		Part: object.Part{ETag: "e", Modified: noon, Checksum: object.Checksum{Algorithm: "CRC32", Value: "AAAAAA=="}}}}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/b/k?partNumber=2&uploadId=u1", "", "x-amz-copy-source: s/o?versionId=v1",
		"x-amz-copy-source-range: bytes=0-4", "x-amz-copy-source-if-none-match: x")
	want := declaration + `<CopyPartResult xmlns="` + namespace + `"><ETag>&quot;e&quot;</ETag><LastModified>2026-03-04T12:30:45.678Z</LastModified><ChecksumCRC32>AAAAAA==</ChecksumCRC32></CopyPartResult>`
	if d := cmp.Diff(want, got.body); d != "" || got.header.Get("x-amz-copy-source-version-id") != "v1" {
		t.Errorf("got %v %s", got.header, d)
	}
	in := object.CopyPartInput{Caller: ada, Bucket: "b", Key: "k", UploadID: "u1", Number: 2, SourceBucket: "s", SourceKey: "o",
		SourceVersion: "v1", SourceConditions: object.Conditions{IfNoneMatch: "x"}, Range: "bytes=0-4"}
	if d := cmp.Diff(in, f.only(t, "CopyPart").in, factless); d != "" {
		t.Error(d)
	}
}

func TestListParts(t *testing.T) {
	f := &fake{parts: object.ListPartsResult{Upload: object.Upload{Owner: owner, Initiator: owner, Algorithm: "CRC32", ChecksumType: "FULL_OBJECT"},
		Parts: []object.Part{{Number: 3, Modified: noon, ETag: "e", Size: 9}}, Truncated: true, Next: 3}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/k?uploadId=u1&max-parts=2000&part-number-marker=2", "")
	who := `<ID>` + owner + `</ID><DisplayName>Ada</DisplayName>`
	want := declaration + `<ListPartsResult xmlns="` + namespace + `"><Bucket>b</Bucket><Key>k</Key><UploadId>u1</UploadId><Initiator>` + who + `</Initiator><Owner>` + who + `</Owner>` +
		`<StorageClass>STANDARD</StorageClass><PartNumberMarker>2</PartNumberMarker><NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>1000</MaxParts>` +
		`<IsTruncated>true</IsTruncated><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>` +
		`<Part><PartNumber>3</PartNumber><LastModified>2026-03-04T12:30:45.678Z</LastModified><ETag>&quot;e&quot;</ETag><Size>9</Size></Part></ListPartsResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(object.ListPartsInput{Caller: ada, Bucket: "b", Key: "k", UploadID: "u1", After: 2, Max: 1000}, f.only(t, "ListParts").in, factless); d != "" {
		t.Error(d)
	}
	for _, q := range []string{"max-parts=-1", "max-parts=x", "part-number-marker=-1", "part-number-marker=x"} {
		do(t, srv, "GET", "/b/k?uploadId=u1&"+q, "").wantError(t, 400, errcode.InvalidArgument)
	}
}

func TestAbort(t *testing.T) {
	f := &fake{}
	if got := do(t, newTest(t, f), "DELETE", "/b/k?uploadId=u1", ""); got.status != 204 || f.only(t, "Abort").in != "u1" {
		t.Errorf("got %+v %v", got, f.calls)
	}
}

func TestComplete(t *testing.T) {
	f := &fake{put: object.PutResult{ShowVersion: true, Version: object.Version{ID: "v1", ETag: "e-2",
		Checksum: object.Checksum{Algorithm: "CRC32", Type: "COMPOSITE", Value: "AAAAAA==-2"}}}}
	srv := newTest(t, f)
	body := "\xef\xbb\xbf" + `<CompleteMultipartUpload><Part><ETag>"e1"</ETag><PartNumber> 1 </PartNumber></Part>` +
		`<Part><PartNumber>3</PartNumber><ChecksumCRC32>AAAAAQ==</ChecksumCRC32><ETag>e3</ETag></Part></CompleteMultipartUpload>`
	got := do(t, srv, "POST", "/b/a%20b/c?uploadId=u1", body, "If-None-Match: *", "x-amz-mp-object-size: 12",
		"x-amz-checksum-crc32: AAAAAA==-2", "x-amz-checksum-type: COMPOSITE", "Host: store.test:9000", "x-amz-meta-ignored: yes")
	want := declaration + `<CompleteMultipartUploadResult xmlns="` + namespace + `"><Location>http://store.test:9000/b/a%20b/c</Location><Bucket>b</Bucket><Key>a b/c</Key>` +
		`<ETag>&quot;e-2&quot;</ETag><ChecksumCRC32>AAAAAA==-2</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType></CompleteMultipartUploadResult>`
	if d := cmp.Diff(want, got.body); d != "" || got.header.Get("x-amz-version-id") != "v1" {
		t.Errorf("got %v %s", got.header, d)
	}
	in := object.CompleteInput{Caller: ada, Bucket: "b", Key: "a b/c", UploadID: "u1", Condition: object.WriteCondition{IfNoneMatch: "*"},
		Parts:    []object.CompletePart{{Number: 1, ETag: "e1"}, {Number: 3, ETag: "e3", Checksums: []object.Checksum{{Algorithm: "CRC32", Value: "AAAAAQ=="}}}},
		Checksum: object.Checksum{Algorithm: "CRC32", Type: "COMPOSITE", Value: "AAAAAA==-2"}, Size: 12}
	if d := cmp.Diff(in, f.only(t, "Complete").in, factless); d != "" {
		t.Error(d)
	}
	do(t, srv, "POST", "/k?uploadId=u1", `<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`, "Host: b.localhost")
	if in := f.calls[1].in.(object.CompleteInput); in.Bucket != "b" || in.Size != -1 || in.Checksum != (object.Checksum{}) {
		t.Errorf("got %+v", in)
	}
}

func TestCompleteRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	part := func(inner string) string {
		return `<CompleteMultipartUpload><Part>` + inner + `</Part></CompleteMultipartUpload>`
	}
	for body, want := range map[string]errcode.Code{
		"": errcode.MalformedXML,
		"<CompleteMultipartUpload></CompleteMultipartUpload>":                                                  errcode.MalformedXML,
		"<CompleteMultipartUpload><Extra/></CompleteMultipartUpload>":                                          errcode.MalformedXML,
		part("<PartNumber>1</PartNumber>"):                                                                     errcode.MalformedXML,
		part("<ETag>e</ETag>"):                                                                                 errcode.MalformedXML,
		part("<PartNumber>one</PartNumber><ETag>e</ETag>"):                                                     errcode.MalformedXML,
		part("<PartNumber>1</PartNumber><ETag>e</ETag><ETag>e</ETag>"):                                         errcode.MalformedXML,
		part("<PartNumber>1</PartNumber><ETag>e</ETag><Size>1</Size>"):                                         errcode.MalformedXML,
		part("<PartNumber>0</PartNumber><ETag>e</ETag>"):                                                       errcode.InvalidArgument,
		part("<PartNumber>10001</PartNumber><ETag>e</ETag>"):                                                   errcode.InvalidArgument,
		part("<PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>!</ChecksumCRC32>"):                       errcode.InvalidRequest,
		part("<PartNumber>1</PartNumber><ETag>e</ETag></Part>" + strings.Repeat("<Part/>", 10_000) + "<Part>"): errcode.MalformedXML,
	} {
		got := do(t, srv, "POST", "/b/k?uploadId=u", body)
		if got.status != 400 || got.code() != string(want) {
			t.Errorf("%.80s: got %d %s, want %s", body, got.status, got.code(), want)
		}
	}
	ok := part("<PartNumber>1</PartNumber><ETag>e</ETag>")
	do(t, srv, "POST", "/b/k?uploadId=u", part("<PartNumber>1</PartNumber><ETag>e</ETag><ChecksumSHA384>x</ChecksumSHA384>")).wantError(t, 501, errcode.NotImplemented)
	do(t, srv, "POST", "/b/k?uploadId=u", ok, "x-amz-mp-object-size: -1").wantError(t, 400, errcode.InvalidRequest)
	do(t, srv, "POST", "/b/k?uploadId=u", ok, "x-amz-checksum-type: HALF").wantError(t, 400, errcode.InvalidRequest)
	do(t, srv, "POST", "/b/k?uploadId=u", ok, "x-amz-checksum-crc32: AAAA").wantError(t, 400, errcode.InvalidRequest)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
}

func TestDeleteObjects(t *testing.T) {
	f := &fake{outcomes: []object.DeleteOutcome{
		{Item: object.DeleteItem{Key: "a"}},
		{Item: object.DeleteItem{Key: "b", VersionID: "v1"}, Result: object.DeleteResult{VersionID: "v1", DeleteMarker: true}},
		{Item: object.DeleteItem{Key: "c\r"}, Result: object.DeleteResult{VersionID: "m1", DeleteMarker: true}},
		{Item: object.DeleteItem{Key: "d", IfMatch: "x"}, Err: &errcode.Error{Code: errcode.PreconditionFailed}},
	}}
	srv := newTest(t, f)
	long := strings.Repeat("k", 1025)
	list := `<Object><Key>a</Key></Object><Object><VersionId>v1</VersionId><Key>b</Key></Object><Object><Key>` + long + `</Key></Object>` +
		`<Object><Key>c&#13;</Key></Object><Object><Key>d</Key><ETag>x</ETag></Object>`
	got := doXML(t, srv, "POST", "/b?delete", `<Delete>`+list+`</Delete>`)
	tooLong := `<Error><Key>` + long + `</Key><Code>KeyTooLongError</Code><Message>Your key is too long.</Message></Error>`
	failed := `<Error><Key>d</Key><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message></Error>`
	want := declaration + `<DeleteResult xmlns="` + namespace + `"><Deleted><Key>a</Key></Deleted>` +
		`<Deleted><Key>b</Key><VersionId>v1</VersionId><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v1</DeleteMarkerVersionId></Deleted>` + tooLong +
		`<Deleted><Key>c&#xd;</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m1</DeleteMarkerVersionId></Deleted>` + failed + `</DeleteResult>`
	if d := cmp.Diff(want, got.body); d != "" || got.status != 200 {
		t.Errorf("got %d %s", got.status, d)
	}
	items := []object.DeleteItem{{Key: "a"}, {Key: "b", VersionID: "v1"}, {Key: "c\r"}, {Key: "d", IfMatch: "x"}}
	if d := cmp.Diff(items, f.only(t, "DeleteMany").in, factless); d != "" {
		t.Error(d)
	}
	got = doXML(t, srv, "POST", "/b?delete", `<Delete><Quiet>true</Quiet>`+list+`</Delete>`)
	if want := declaration + `<DeleteResult xmlns="` + namespace + `">` + tooLong + failed + `</DeleteResult>`; got.body != want {
		t.Errorf("quiet: got %s", got.body)
	}
}

func TestDeleteObjectsRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	keys := func(n int) string {
		var b strings.Builder
		b.WriteString("<Delete>")
		for i := range n {
			fmt.Fprintf(&b, "<Object><Key>k%d</Key></Object>", i)
		}
		return b.String() + "</Delete>"
	}
	for body, want := range map[string]errcode.Code{
		"": errcode.MalformedXML, "<Delete/>": errcode.MalformedXML, keys(1001): errcode.MalformedXML,
		"<Delete><Object/></Delete>":                                                           errcode.MalformedXML,
		"<Delete><Object><Key/></Object></Delete>":                                             errcode.MalformedXML,
		"<Delete><Object><Key>k</Key><VersionId/></Object></Delete>":                           errcode.MalformedXML,
		"<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>":                           errcode.MalformedXML,
		"<Delete><Object><Key>k</Key><Owner/></Object></Delete>":                               errcode.MalformedXML,
		"<Delete><Quiet>yes</Quiet><Object><Key>k</Key></Object></Delete>":                     errcode.MalformedXML,
		"<Delete><Force/><Object><Key>k</Key></Object></Delete>":                               errcode.MalformedXML,
		"<Delete><Object><Key>k</Key><Size>1</Size></Object></Delete>":                         errcode.NotImplemented,
		"<Delete><Object><Key>k</Key><LastModifiedTime>1</LastModifiedTime></Object></Delete>": errcode.NotImplemented,
	} {
		got := doXML(t, srv, "POST", "/b?delete", body)
		if got.code() != string(want) || got.status != rowOf(want).status {
			t.Errorf("%.80s: got %d %s, want %s", body, got.status, got.code(), want)
		}
	}
	do(t, srv, "POST", "/b?delete", keys(1)).wantError(t, 400, errcode.InvalidRequest)
	do(t, srv, "POST", "/b?delete", keys(1), "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==").wantError(t, 400, errcode.BadDigest)
	do(t, srv, "POST", "/b?delete", keys(1), "x-amz-checksum-crc32: AAAAAA==").wantError(t, 400, errcode.BadDigest)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	if got := doXML(t, srv, "POST", "/b?delete", keys(1000)); got.status != 200 || strings.Count(got.body, "<Deleted>") != 1000 {
		t.Errorf("got %d %.200s", got.status, got.body)
	}
	doXML(t, srv, "POST", "/b?delete", "<Delete><Object><Key>"+strings.Repeat("k", 1025)+"</Key></Object></Delete>")
	if c := f.calls[len(f.calls)-1]; c.method != "DeleteMany" {
		t.Errorf("got %+v, want the bucket looked up all the same", c)
	}
}
