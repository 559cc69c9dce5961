package s3

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

func find(t *testing.T, method, uri string, h http.Header) (*operation, error) {
	t.Helper()
	target, err := parseTarget("127.0.0.1", uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newRouter(newTable()).find(&target, method, h)
}

func TestRoutes(t *testing.T) {
	copying := http.Header{hCopySource: {"b/k"}}
	for _, c := range []struct {
		method, uri string
		header      http.Header
		want        string
	}{
		{"GET", "/", nil, "ListBuckets"},
		{"GET", "/?x-id=ListBuckets&max-buckets=3", nil, "ListBuckets"},
		{"PUT", "/b", nil, "CreateBucket"},
		{"PUT", "/b/", nil, "CreateBucket"},
		{"HEAD", "/b", nil, "HeadBucket"},
		{"DELETE", "/b", nil, "DeleteBucket"},
		{"GET", "/b?prefix=&delimiter=/", nil, "ListObjects"},
		{"GET", "/b?list-type=2", nil, "ListObjectsV2"},
		{"GET", "/b?versions", nil, "ListObjectVersions"},
		{"GET", "/b?uploads=", nil, "ListMultipartUploads"},
		{"POST", "/b?delete", nil, "DeleteObjects"},
		{"POST", "/b", nil, "PostObject"},
		{"PUT", "/b/k?x-id=PutObject", nil, "PutObject"},
		{"PUT", "/b/k", copying, "CopyObject"},
		{"GET", "/b/k?versionId=1&partNumber=2&response-expires=x", nil, "GetObject"},
		{"GET", "/b/k?X-Amz-Signature=1&X-Amz-Date=2", nil, "GetObject"},
		{"GET", "/b/k?v=1.2.3", nil, "GetObject"},
		{"DELETE", "/b/k?versionId=1", nil, "DeleteObject"},
		{"POST", "/b/k?uploads", nil, "CreateMultipartUpload"},
		{"PUT", "/b/k?uploadId=1&partNumber=2", nil, "UploadPart"},
		{"PUT", "/b/k?partNumber=2&uploadId=1", copying, "UploadPartCopy"},
		{"POST", "/b/k?uploadId=1", nil, "CompleteMultipartUpload"},
		{"DELETE", "/b/k?uploadId=1", nil, "AbortMultipartUpload"},
		{"GET", "/b/k?uploadId=1", nil, "ListParts"},
		{"GET", "/b/k?attributes&versionId=1", nil, "GetObjectAttributes"},
		{"OPTIONS", "/b/k", nil, "PreflightObject"},
	} {
		op, err := find(t, c.method, c.uri, c.header)
		if err != nil || op.name != c.want {
			t.Errorf("%s %s: got %v %v, want %s", c.method, c.uri, op, err, c.want)
		}
	}
}

func TestRoutesRefused(t *testing.T) {
	for _, c := range []struct {
		method, uri string
		want        errcode.Code
	}{
		{"GET", "/b/k?foo&annotationName=a", errcode.NotImplemented},
		{"PUT", "/b/k?foo=1", errcode.NotImplemented},
		{"DELETE", "/b?foo", errcode.NotImplemented},
		{"GET", "/?acl", errcode.InvalidRequest},
		{"GET", "/b?prefix=a&Prefix=b", errcode.NotImplemented},
		{"PUT", "/b/k?versionId=1", errcode.InvalidArgument},
		{"PUT", "/b/k?partNumber=1", errcode.InvalidRequest},
		{"GET", "/b/k?uploads", errcode.InvalidRequest},
		{"GET", "/b/k?versions", errcode.InvalidRequest},
		{"DELETE", "/b/k?policy", errcode.InvalidRequest},
		{"GET", "/b?uploadId=1", errcode.InvalidRequest},
		{"GET", "/b?acl&tagging", errcode.InvalidArgument},
		{"DELETE", "/b/k?uploadId=1&tagging", errcode.InvalidArgument},
		{"POST", "/", errcode.MethodNotAllowed},
		{"PATCH", "/b/k", errcode.MethodNotAllowed},
		{"POST", "/b/k", errcode.MethodNotAllowed},
		{"HEAD", "/b/k?acl", errcode.MethodNotAllowed},
		{"BREW", "/b", errcode.MethodNotAllowed},
	} {
		if op, err := find(t, c.method, c.uri, nil); errcode.Of(err) != c.want {
			t.Errorf("%s %s: got %v %v, want %s", c.method, c.uri, op, err, c.want)
		}
	}
}

// What S3 documents and the server lacks is a 501 in every method, and never
// reaches the domain.
func TestUnimplementedTouchesNothing(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	n := 0
	for _, op := range newTable() {
		if op.serve != nil || op.open {
			continue
		}
		n++
		target := "/b?" + op.sub
		if op.level == keyLevel {
			target = "/b/k?" + op.sub
		}
		do(t, srv, op.method, target, "").wantError(t, 501, errcode.NotImplemented)
	}
	if n < 80 {
		t.Errorf("got %d unimplemented rows, want over 80", n)
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
}

func TestMethodNotAllowedSaysWhatIs(t *testing.T) {
	srv := newTest(t, &fake{})
	got := send(t, srv, "PATCH", "/b/k", "")
	got.wantError(t, 405, errcode.MethodNotAllowed)
	if allow := got.header.Get("Allow"); allow != "DELETE, GET, HEAD, OPTIONS, PUT" {
		t.Errorf("got Allow %q", allow)
	}
}

func TestNoTwoRowsAlike(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two rows with the same selectors were accepted")
		}
	}()
	newRouter([]*operation{{name: "A", method: "GET"}, {name: "B", method: "GET"}})
}

func TestOperationsDescribeTheTable(t *testing.T) {
	ops := Operations()
	i := slices.IndexFunc(ops, func(o Operation) bool { return o.Name == "UploadPartCopy" })
	if i < 0 || ops[i].Header != hCopySource || ops[i].Query != "uploadId" || ops[i].Path != "/{Bucket}/{Key}" || !ops[i].Implemented {
		t.Fatalf("UploadPartCopy is missing or wrong in %+v", ops)
	}
	for _, o := range ops {
		if strings.HasPrefix(o.Name, "BucketPolicy") && o.Implemented {
			t.Errorf("got %+v, want it not implemented", o)
		}
	}
}
