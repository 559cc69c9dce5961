package acl

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// A toy is a server with ACLs and one bug planted. It believes who a request
// says it is from, and keeps no versions.
type toy struct {
	bug    string
	legacy bool // ACLs are always on; else they are off in a new bucket, and blocked where public

	mu      sync.Mutex
	buckets map[string]*toyBucket
	count   int
}

type toyBucket struct {
	toyThing
	off     bool // ACLs are
	blocked bool // public ACLs are
	objects map[string]*toyThing
	uploads map[string]*toyUpload
}

// A toyThing is an object, or what a bucket has in common with one.
type toyThing struct {
	owner string
	acl   []toyGrant
	body  string
	meta  http.Header
}

type toyUpload struct {
	key, owner string
	acl        []toyGrant
	parts      map[string]string
}

var toyIDs = map[string]string{"a": strings.Repeat("a1", 32), "b": strings.Repeat("b2", 32), "": anonymousID}

// A call is one request as the toy reads it.
type call struct {
	w           http.ResponseWriter
	r           *http.Request
	q           url.Values
	bucket, key string
	who         string // canonical id
	body        []byte
	in          *toyBucket // nil where there is none
}

func (t *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Header().Set("x-amz-request-id", "1")
	c := &call{w: w, r: r, q: r.URL.Query()}
	path, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	c.bucket, c.key, _ = strings.Cut(path, "/")
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	account, _, _ := strings.Cut(credential, "/")
	c.who = toyIDs[account]
	c.body, _ = io.ReadAll(r.Body)
	b := t.buckets[c.bucket]
	c.in = b
	switch {
	case c.bucket == "":
		fmt.Fprintf(w, "<ListAllMyBucketsResult><Owner><ID>%s</ID></Owner><Buckets/></ListAllMyBucketsResult>", c.who)
	case t.legacy && (c.q.Has("publicAccessBlock") || c.q.Has("ownershipControls")):
		c.refuse(501, "NotImplemented")
	case b == nil && r.Method == "PUT" && c.key == "" && !c.q.Has("acl"):
		b = &toyBucket{objects: map[string]*toyThing{}, uploads: map[string]*toyUpload{}}
		b.off, b.blocked = !t.legacy && r.Header.Get("x-amz-object-ownership") != "ObjectWriter", !t.legacy
		if t.write(c, &b.toyThing, c.who, c.who) {
			t.buckets[c.bucket] = b
		}
	case b == nil:
		c.refuse(404, "NoSuchBucket")
	case c.key == "":
		t.onBucket(c, b)
	case c.q.Has("uploadId") || c.q.Has("uploads"):
		t.onUpload(c, b)
	default:
		t.onObject(c, b)
	}
}

func (c *call) refuse(status int, code string) {
	c.w.WriteHeader(status)
	if c.r.Method != "HEAD" {
		fmt.Fprintf(c.w, "<Error><Code>%s</Code><Message></Message><RequestId>1</RequestId></Error>", code)
	}
}

// may reports whether the thing's ACL lets the caller, and refuses it if not.
func (t *toy) may(c *call, on *toyThing, permission string) bool {
	acp := permission == readACP || permission == writeACP
	off := c.in.off && t.bug != "ACLs are off in name alone"
	if off && c.who == c.in.owner || !off && t.grants(on.acl, c.who, permission) || !off && acp && c.who == on.owner && t.bug != "an empty ACL locks its owner out" {
		return true
	}
	c.refuse(403, "AccessDenied")
	return false
}

func (t *toy) onBucket(c *call, b *toyBucket) {
	switch method := c.r.Method; {
	case c.q.Has("acl"):
		t.onACL(c, &b.toyThing, b.owner)
	case method == "POST" && c.q.Has("delete"):
		if c.who == b.owner {
			clear(b.objects)
			fmt.Fprint(c.w, "<DeleteResult/>")
		} else {
			fmt.Fprint(c.w, "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>")
		}
	case method == "GET" && c.q.Has("uploads"):
		if t.may(c, &b.toyThing, read) {
			fmt.Fprint(c.w, "<ListMultipartUploadsResult>")
			for id, u := range b.uploads {
				fmt.Fprintf(c.w, "<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>", u.key, id)
			}
			fmt.Fprint(c.w, "</ListMultipartUploadsResult>")
		}
	case method == "HEAD" || method == "GET" && (len(c.q) == 0 || c.q.Has("list-type")):
		if t.may(c, &b.toyThing, read) {
			fmt.Fprint(c.w, "<ListBucketResult>")
			for _, k := range slices.Sorted(maps.Keys(b.objects)) {
				if strings.HasPrefix(k, c.q.Get("prefix")) {
					fmt.Fprintf(c.w, "<Contents><Key>%s</Key><Owner><ID>%s</ID></Owner></Contents>", k, b.objects[k].owner)
				}
			}
			fmt.Fprint(c.w, "</ListBucketResult>")
		}
	case c.who != b.owner && t.bug != "operations without a permission are open":
		c.refuse(403, "AccessDenied")
	case c.q.Has("publicAccessBlock"):
		b.blocked = strings.Contains(string(c.body), "true")
	case c.q.Has("ownershipControls") && method == "PUT":
		b.off = strings.Contains(string(c.body), "BucketOwnerEnforced")
	case c.q.Has("ownershipControls"):
		setting := map[bool]string{true: "BucketOwnerEnforced", false: "ObjectWriter"}[b.off]
		fmt.Fprintf(c.w, "<OwnershipControls><Rule><ObjectOwnership>%s</ObjectOwnership></Rule></OwnershipControls>", setting)
	case method == "DELETE" && len(c.q) == 0:
		if len(b.objects)+len(b.uploads) > 0 {
			c.refuse(409, "BucketNotEmpty")
			return
		}
		delete(t.buckets, c.bucket)
		c.w.WriteHeader(204)
	}
}

func (t *toy) onObject(c *call, b *toyBucket) {
	o := b.objects[c.key]
	switch method := c.r.Method; {
	case method == "PUT" && !c.q.Has("acl"):
		if !t.may(c, &b.toyThing, write) {
			return
		}
		if !t.mayReplace(c, o) {
			c.refuse(403, "AccessDenied")
			return
		}
		t.put(c, b, o)
	case method == "DELETE":
		if c.who != b.owner && (o == nil || c.in.off || c.who != o.owner) {
			c.refuse(403, "AccessDenied")
			return
		}
		delete(b.objects, c.key)
		c.w.WriteHeader(204)
	case o == nil:
		if t.grants(b.acl, c.who, read) {
			c.refuse(404, "NoSuchKey")
		} else {
			c.refuse(403, "AccessDenied")
		}
	case c.q.Has("acl"):
		t.onACL(c, o, b.owner)
	case len(c.q) > 0 && !c.q.Has("x-id") && c.who != o.owner:
		c.refuse(403, "AccessDenied")
	case t.bug == "a bucket's READ opens its objects" && t.grants(b.acl, c.who, read), t.may(c, o, read):
		maps.Copy(c.w.Header(), o.meta)
		c.w.Header().Set("ETag", etagOf(o.body))
		c.w.Header().Set("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
		fmt.Fprint(c.w, o.body)
	}
}

// mayReplace reports whether the caller, who may write, may write over o.
func (t *toy) mayReplace(c *call, o *toyThing) bool {
	return o == nil || c.who == o.owner || c.who == c.in.owner || t.bug == "WRITE overwrites"
}

// put stores an object that the caller may write.
func (t *toy) put(c *call, b *toyBucket, was *toyThing) {
	next := &toyThing{body: string(c.body), meta: http.Header{}}
	if color := c.r.Header.Get("x-amz-meta-color"); color != "" {
		next.meta.Set("x-amz-meta-color", color)
	}
	src := c.r.Header.Get("x-amz-copy-source")
	if src != "" {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(src, "/"), "/")
		from := t.buckets[bucket].objects[key]
		if from == nil || t.bug != "copies read anything" && !t.grants(from.acl, c.who, read) {
			c.refuse(403, "AccessDenied")
			return
		}
		next.body = from.body
	}
	if !t.write(c, next, c.who, b.owner) {
		return
	}
	if was != nil && t.bug == "overwriting keeps the ACL" {
		next.acl = was.acl
	}
	if t.bug == "the bucket's owner owns all" {
		next.owner, next.acl = b.owner, []toyGrant{{"CanonicalUser", b.owner, full}}
	}
	b.objects[c.key] = next
	c.w.Header().Set("ETag", etagOf(next.body))
	if src != "" {
		fmt.Fprintf(c.w, "<CopyObjectResult><ETag>%s</ETag></CopyObjectResult>", etagOf(next.body))
	}
}

func (t *toy) onUpload(c *call, b *toyBucket) {
	id := c.q.Get("uploadId")
	u := b.uploads[id]
	switch method := c.r.Method; {
	case c.q.Has("uploads"):
		at := &toyThing{}
		if t.may(c, &b.toyThing, write) && t.write(c, at, c.who, b.owner) {
			t.count++
			id = fmt.Sprint("upload-", t.count)
			b.uploads[id] = &toyUpload{c.key, c.who, at.acl, map[string]string{}}
			fmt.Fprintf(c.w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
		}
	case u == nil:
		c.refuse(404, "NoSuchUpload")
	case u.owner != c.who && (c.who != b.owner || method == "PUT" || method == "POST"):
		c.refuse(403, "AccessDenied")
	case method == "POST" && !t.mayReplace(c, b.objects[c.key]):
		c.refuse(403, "AccessDenied")
	case method == "PUT":
		u.parts[c.q.Get("partNumber")] = string(c.body)
		c.w.Header().Set("ETag", etagOf(string(c.body)))
	case method == "GET":
		fmt.Fprint(c.w, "<ListPartsResult>")
		for n, body := range u.parts {
			fmt.Fprintf(c.w, "<Part><PartNumber>%s</PartNumber><ETag>%s</ETag></Part>", n, etagOf(body))
		}
		fmt.Fprint(c.w, "</ListPartsResult>")
	case method == "DELETE":
		delete(b.uploads, id)
		c.w.WriteHeader(204)
	default:
		b.objects[c.key] = &toyThing{owner: u.owner, acl: u.acl, body: u.parts["1"]}
		delete(b.uploads, id)
		fmt.Fprintf(c.w, "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>", etagOf(u.parts["1"]))
	}
}

func etagOf(body string) string {
	sum := md5.Sum([]byte(body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// onACL reads or writes an ACL.
func (t *toy) onACL(c *call, on *toyThing, bucketOwner string) {
	if c.r.Method == "PUT" {
		if t.may(c, on, writeACP) {
			t.write(c, on, on.owner, bucketOwner)
		}
		return
	}
	if !t.may(c, on, readACP) {
		return
	}
	text, grants := "", on.acl
	if c.in.off && t.bug != "ACLs are off in name alone" {
		grants = []toyGrant{{"CanonicalUser", bucketOwner, full}}
	}
	for _, g := range grants {
		element := map[string]string{"CanonicalUser": "ID", "Group": "URI"}[g.kind]
		text += grantOf(g.kind, "<"+element+">"+g.who+"</"+element+">", g.permission)
	}
	fmt.Fprint(c.w, wrap("<Owner><ID>"+on.owner+"</ID></Owner>", "<AccessControlList>"+text+"</AccessControlList>"))
}
