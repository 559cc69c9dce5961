package s3

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

const everybody = acl.AllUsers

// grantXML is a Grant to a grantee of that xsi:type, named by one element.
func grantXML(kind, element, value, permission string) string {
	return `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="` + kind + `"><` + element + `>` + value +
		`</` + element + `></Grantee><Permission>` + permission + `</Permission></Grant>`
}

func policyXML(grants string) string {
	return `<AccessControlPolicy xmlns="` + namespace + `"><Owner><ID>` + owner + `</ID></Owner><AccessControlList>` + grants +
		`</AccessControlList></AccessControlPolicy>`
}

func aclServer(t *testing.T, f *fake) *httptest.Server {
	return newTest(t, f, func(c *Config) { c.Accounts = func(id string) bool { return id == owner || id == "bob" } })
}

func TestGetACL(t *testing.T) {
	list := &acl.List{Grants: []acl.Grant{{ID: "bob", Permission: acl.Read}, {Group: everybody, Permission: acl.ReadACP}}}
	f := &fake{bucket: object.Bucket{Owner: owner}, get: object.GetResult{Version: object.Version{Owner: owner, ID: "v1"}, ShowVersion: true}}
	srv := aclServer(t, f)
	for _, target := range []string{"/b?acl", "/b/k?acl"} {
		f.bucket.Access.ACL, f.get.Version.ACL = nil, nil
		got := do(t, srv, "GET", target, "")
		if got.status != 200 || strings.Count(got.body, "<Grant>") != 1 || !strings.Contains(got.body, "<Permission>FULL_CONTROL</Permission>") ||
			!strings.Contains(got.body, `xsi:type="CanonicalUser"><ID>`+owner+`</ID><DisplayName>Ada</DisplayName>`) {
			t.Errorf("got %+v", got)
		}
		f.bucket.Access.ACL, f.get.Version.ACL = list, list
		got = do(t, srv, "GET", target, "")
		want := grantXML(typeUser, "ID", "bob", "READ") + grantXML(typeGroup, "URI", everybody, "READ_ACP")
		if !strings.Contains(got.body, "<AccessControlList>"+want+"</AccessControlList>") {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
	}
}

func TestPutACL(t *testing.T) {
	f := &fake{}
	srv := aclServer(t, f)
	full := acl.Grant{ID: owner, Permission: acl.FullControl}
	read := acl.Grant{Group: everybody, Permission: acl.Read}
	headers := func(lines ...string) []string { return lines }
	for _, tt := range []struct {
		body    string
		headers []string
		want    object.ACLSpec
	}{
		{"", headers("x-amz-acl: public-read"), object.ACLSpec{Spec: acl.Spec{Canned: "public-read"}}},
		{"", headers(`x-amz-grant-read: uri="` + everybody + `"`), object.ACLSpec{Spec: acl.Spec{Grants: []acl.Grant{read}}}},
		{"", headers("x-amz-grant-write-acp: id=bob", `x-amz-grant-full-control: id="`+owner+`" , id="bob"`), object.ACLSpec{Spec: acl.Spec{
			Grants: []acl.Grant{full, {ID: "bob", Permission: acl.FullControl}, {ID: "bob", Permission: acl.WriteACP}}}}},
		{policyXML(""), nil, object.ACLSpec{Owner: owner, Spec: acl.Spec{Grants: []acl.Grant{}}}},
		{policyXML(grantXML(typeUser, "ID", owner, "FULL_CONTROL") + grantXML(typeGroup, "URI", everybody, "READ")), nil,
			object.ACLSpec{Owner: owner, Spec: acl.Spec{Grants: []acl.Grant{full, read}}}},
	} {
		for _, target := range []string{"/b?acl", "/b/k?acl"} {
			f.calls = nil
			if got := doXML(t, srv, "PUT", target, tt.body, append(tt.headers, "A: b")...); got.status != 200 {
				t.Errorf("%v %s: got %+v", tt.headers, tt.body, got)
				continue
			}
			if d := cmp.Diff(tt.want, f.only(t, "SetACL").in, factless); d != "" {
				t.Errorf("%v %s (-want +got):\n%s", tt.headers, tt.body, d)
			}
		}
	}
}

func TestPutACLRefusals(t *testing.T) {
	f := &fake{}
	srv := aclServer(t, f)
	good := grantXML(typeUser, "ID", "bob", "READ")
	for _, tt := range []struct {
		body, headers string
		want          errcode.Code
	}{
		{"", "A: b", errcode.MissingSecurityHeader},
		{"", "x-amz-acl: all", errcode.InvalidArgument},
		{"", "x-amz-grant-read: id=nobody", errcode.InvalidArgument},
		{"", "x-amz-grant-read: uri=http://example.com/", errcode.InvalidArgument},
		{"", "x-amz-grant-read: bob", errcode.InvalidArgument},
		{"", "x-amz-grant-read: name=bob", errcode.InvalidArgument},
		{"", "x-amz-grant-read: id=bob,", errcode.InvalidArgument},
		{"", "x-amz-grant-read: emailAddress=bob@example.com", errcode.UnresolvableGrantByEmail},
		{"", "x-amz-acl: private|x-amz-grant-read: id=bob", errcode.InvalidRequest},
		{policyXML(good), "x-amz-acl: private", errcode.UnexpectedContent},
		{policyXML(good), "x-amz-grant-read: id=bob", errcode.UnexpectedContent},
		{policyXML(grantXML(typeUser, "ID", "bob", "DELETE")), "A: b", errcode.MalformedACL},
		{policyXML(grantXML(typeUser, "ID", "nobody", "READ")), "A: b", errcode.InvalidArgument},
		{policyXML(grantXML(typeGroup, "URI", "http://example.com/", "READ")), "A: b", errcode.InvalidArgument},
		{policyXML(grantXML(typeEmail, "EmailAddress", "bob@example.com", "READ")), "A: b", errcode.UnresolvableGrantByEmail},
		{policyXML(grantXML("Robot", "ID", "bob", "READ")), "A: b", errcode.MalformedACL},
		{policyXML(grantXML(typeGroup, "ID", "bob", "READ")), "A: b", errcode.MalformedACL},
		{policyXML("<Grant><Grantee><ID>bob</ID></Grantee><Permission>READ</Permission></Grant>"), "A: b", errcode.MalformedACL},
		{policyXML("<Grant><Permission>READ</Permission></Grant>"), "A: b", errcode.MalformedACL},
		{policyXML("<x/>"), "A: b", errcode.MalformedACL},
		{policyXML(strings.Repeat(good, acl.MaxGrants+1)), "A: b", errcode.MalformedACL},
		{strings.Replace(policyXML(good), "<Owner><ID>"+owner+"</ID></Owner>", "", 1), "A: b", errcode.MalformedACL},
		{"<AccessControlPolicy><x/></AccessControlPolicy>", "A: b", errcode.MalformedACL},
		{"<AccessControlPolicy/>", "A: b", errcode.MalformedACL},
		{"<AccessControlPolicy>", "A: b", errcode.MalformedACL},
	} {
		for _, target := range []string{"/b?acl", "/b/k?acl"} {
			doXML(t, srv, "PUT", target, tt.body, strings.Split(tt.headers, "|")...).wantError(t, 400, tt.want)
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	// s3cmd sends its ACLs without a digest.
	if got := do(t, srv, "PUT", "/b?acl", policyXML(good)); got.status != 200 {
		t.Errorf("without a digest: got %d, want 200", got.status)
	}
}

func TestOwnershipAndPublicAccess(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "GET", "/b?ownershipControls", "").wantError(t, 404, errcode.OwnershipControlsNotFound)
	do(t, srv, "GET", "/b?publicAccessBlock", "").wantError(t, 404, errcode.NoSuchPublicAccessBlock)
	f.bucket.Access.Ownership, f.bucket.Access.Block = object.ObjectWriter, &object.PublicAccessBlock{IgnorePublicACLs: true}
	for target, want := range map[string]string{
		"/b?ownershipControls": "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>",
		"/b?publicAccessBlock": "<BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>" +
			"<BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>",
	} {
		if got := do(t, srv, "GET", target, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %+v, want %s", target, got, want)
		}
	}
	rule := func(v string) string { return "<Rule><ObjectOwnership>" + v + "</ObjectOwnership></Rule>" }
	f.calls = nil
	for _, body := range []string{"", rule("Nobody"), rule("ObjectWriter") + rule("ObjectWriter"), "<Rule/>", "<x/>"} {
		doXML(t, srv, "PUT", "/b?ownershipControls", "<OwnershipControls>"+body+"</OwnershipControls>").wantError(t, 400, errcode.MalformedXML)
	}
	for _, body := range []string{"<BlockPublicAcls>yes</BlockPublicAcls>", "<x/>", "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls>"} {
		doXML(t, srv, "PUT", "/b?publicAccessBlock", "<PublicAccessBlockConfiguration>"+body+"</PublicAccessBlockConfiguration>").wantError(t, 400, errcode.MalformedXML)
	}
	if len(f.calls) != 0 {
		t.Fatalf("got calls %v, want none", f.calls)
	}
	doXML(t, srv, "PUT", "/b?ownershipControls", "<OwnershipControls>"+rule("BucketOwnerPreferred")+"</OwnershipControls>")
	do(t, srv, "DELETE", "/b?ownershipControls", "")
	doXML(t, srv, "PUT", "/b?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>")
	do(t, srv, "DELETE", "/b?publicAccessBlock", "")
	var got []any
	for _, c := range f.calls {
		got = append(got, c.in)
	}
	want := []any{object.BucketOwnerPreferred, object.Ownership(""), &object.PublicAccessBlock{BlockPublicPolicy: true}, (*object.PublicAccessBlock)(nil)}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}
