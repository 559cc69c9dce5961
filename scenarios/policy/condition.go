package policy

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// The condition keys, each with a request that has the value and one that has
// another, or none.

func header(name, value string) [2]string { return [2]string{name, value} }

// signed returns r as a presigned request of the owner's that was signed a while
// ago.
func signed(r Request, ago time.Duration) Request {
	r.As, r.Presign = MainAccount, "3600"
	r.Scope = func(sc *sign.Scope) { sc.Time = sc.Time.Add(-ago) }
	return r
}

// unsigned is r as the owner sends it without the digest of its body.
func unsigned(r Request) Request {
	r.As, r.Payload = MainAccount, sign.Unsigned
	return r
}

func init() {
	anyList := statement{Action: "s3:ListBucket", Resource: "$B"}
	under := func(st statement, op, key string, values ...any) []statement {
		st.Condition = when(op, key, values...)
		return []statement{st}
	}
	deny := func(action string) statement { return statement{Effect: "Deny", Action: action} }
	tag := func(text string) [2]string { return header("x-amz-tagging", text) }
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format("2006-01-02T15:04:05Z") }
	for _, g := range []gate{{
		id: "condition.prefix", says: "s3:prefix MUST be the prefix of a listing, and absent where there is none.",
		ref: guideKeys + "#condition-key-bucket-ops-2", keys: []string{"home/k"}, needs: []Feature{Listing},
		policy: under(anyList, "StringEquals", "s3:prefix", "home/"),
		opens:  []Request{list("prefix=home/")}, bars: []Request{list("prefix=other/"), list("prefix=home/k"), list("")},
	}, {
		id: "condition.prefix-v1", says: "s3:prefix MUST be the prefix of a listing of the first version too.",
		ref: guideKeys + "#condition-key-bucket-ops-2", keys: []string{"home/k"}, needs: []Feature{Listing},
		policy: under(anyList, "StringEquals", "s3:prefix", "home/"),
		opens:  []Request{{Method: "GET", Query: "prefix=home/", As: Anonymous}}, bars: []Request{{Method: "GET", Query: "prefix=other/", As: Anonymous}, {Method: "GET", As: Anonymous}},
	}, {
		id: "condition.delimiter", says: "s3:delimiter MUST be the delimiter of a listing.",
		ref: guideKeys, keys: []string{"home/k"}, needs: []Feature{Listing},
		policy: under(anyList, "StringEquals", "s3:delimiter", "/"),
		opens:  []Request{list("delimiter=/")}, bars: []Request{list("delimiter=-"), list("")},
	}, {
		id: "condition.max-keys", says: "s3:max-keys MUST be the max-keys of a listing.",
		ref: guideKeys + "#example-numeric-condition-operators", keys: []string{"k"}, needs: []Feature{Listing},
		policy: under(anyList, "NumericLessThanEquals", "s3:max-keys", "10"),
		opens:  []Request{list("max-keys=10"), list("max-keys=2")}, bars: []Request{list("max-keys=11"), list("max-keys=100")},
	}, {
		id: "condition.existing-tag", says: "s3:ExistingObjectTag MUST be the value of a tag of the object that is read.",
		ref: guideTags, needs: []Feature{Tagging},
		ready: func(ctx context.Context, p *place) {
			for key, text := range map[string]string{"open": "team=a&stage=live", "other": "team=a&stage=test", "valueless": "team=a&stage=", "without": "team=live"} {
				p.s.MustPut(ctx, p.bucket, key, "v", Header("x-amz-tagging", text))
			}
			p.fill(ctx, "bare")
		},
		policy: under(statement{}, "StringEquals", "s3:ExistingObjectTag/stage", "live"),
		opens:  []Request{get("open")}, bars: []Request{get("other"), get("valueless"), get("without"), get("bare")},
	}, {
		id: "condition.request-tag", says: "s3:RequestObjectTag MUST be the value of a tag that a PUT brings.",
		ref: guideTags, needs: []Feature{Tagging},
		policy: under(deny("s3:PutObject"), "StringNotEquals", "s3:RequestObjectTag/stage", "live"),
		opens:  []Request{by(MainAccount, write("a", tag("stage=live"))), by(MainAccount, write("a", tag("x=y&stage=live")))},
		bars:   []Request{by(MainAccount, write("b", tag("stage=test"))), by(MainAccount, write("c", tag("Stage=live"))), by(MainAccount, write("d"))},
	}, {
		id: "condition.request-tag-put", says: "s3:RequestObjectTag MUST be the value of a tag that PutObjectTagging brings.",
		ref: guideTags, needs: []Feature{Tagging}, keys: []string{"k"},
		policy: under(deny("s3:PutObjectTagging"), "StringNotEquals", "s3:RequestObjectTag/stage", "live"),
		opens:  []Request{setTags("stage", "live")}, bars: []Request{setTags("stage", "test"), setTags("other", "live")},
	}, {
		id: "condition.request-tag-keys", says: "s3:RequestObjectTagKeys MUST be the keys of all tags that a request brings.",
		ref: guideTags, needs: []Feature{Tagging}, keys: []string{"k"},
		policy: under(deny("s3:PutObjectTagging"), "ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", "secret"),
		opens:  []Request{setTags("stage", "live")}, bars: []Request{setTags("secret", "1"), setTags("stage", "live", "secret", "1")},
	}, {
		id: "condition.acl", says: "s3:x-amz-acl MUST be the canned ACL that a PUT brings.",
		ref:    guideKeys + "#grant-putobject-conditionally-1",
		policy: under(deny("s3:PutObject"), "StringNotEquals", "s3:x-amz-acl", "bucket-owner-full-control"),
		opens:  []Request{by(MainAccount, write("a", header("x-amz-acl", "bucket-owner-full-control")))},
		bars:   []Request{by(MainAccount, write("b")), by(MainAccount, write("c", header("x-amz-acl", "private")))},
	}, {
		id: "condition.encryption", says: "s3:x-amz-server-side-encryption MUST be the encryption that a PUT asks for.",
		ref: guideKeys, needs: []Feature{Encryption},
		policy: under(deny("s3:PutObject"), "StringNotEquals", "s3:x-amz-server-side-encryption", "AES256"),
		opens:  []Request{by(MainAccount, write("a", header("x-amz-server-side-encryption", "AES256")))},
		bars:   []Request{by(MainAccount, write("b"))},
	}, {
		id: "condition.copy-source", says: "s3:x-amz-copy-source MUST be the source of a copy.",
		ref: guideKeys + "#putobject-limit-copy-source-3", needs: []Feature{Copy}, keys: []string{"public/k", "secret/k"},
		policy: under(deny("s3:PutObject"), "StringNotLike", "s3:x-amz-copy-source", "$N/public/*"),
		ready:  func(_ context.Context, p *place) { p.names["$N"] = p.bucket },
		opens:  []Request{by(MainAccount, write("a", header("x-amz-copy-source", "$N/public/k"))), by(MainAccount, write("a", header("x-amz-copy-source", "/$N/public%2Fk")))},
		bars:   []Request{by(MainAccount, write("b", header("x-amz-copy-source", "$N/secret/k")))},
	}, {
		id: "condition.signature-age", says: "s3:signatureAge MUST be how long ago a presigned request was signed, in milliseconds.",
		ref: apiSigned, needs: []Feature{Presigned}, keys: []string{"k"},
		policy: under(deny("s3:GetObject"), "NumericGreaterThan", "s3:signatureAge", "600000"),
		opens:  []Request{signed(get("k"), 0), signed(get("k"), 5*time.Minute)}, bars: []Request{signed(get("k"), 15*time.Minute)},
	}, {
		id: "condition.auth-type", says: "s3:authType MUST be REST-QUERY-STRING for a presigned request, and REST-HEADER for one that is signed in its header.",
		ref: apiSigned, needs: []Feature{Presigned}, keys: []string{"a", "b"},
		policy: append(under(statement{Effect: "Deny", Resource: "$B/a"}, "StringEquals", "s3:authType", "REST-QUERY-STRING"),
			under(statement{Effect: "Deny", Resource: "$B/b"}, "StringEquals", "s3:authType", "REST-HEADER")...),
		opens: []Request{by(MainAccount, get("a")), signed(get("b"), 0)}, bars: []Request{signed(get("a"), 0), by(MainAccount, get("b"))},
	}, {
		id: "condition.signature-version", says: "s3:signatureversion MUST be AWS4-HMAC-SHA256 for a request that is signed by Signature Version 4.",
		ref: apiSigned, keys: []string{"a", "b"},
		policy: append(under(statement{Effect: "Deny", Resource: "$B/a"}, "StringEquals", "s3:signatureversion", "AWS"),
			under(statement{Effect: "Deny", Resource: "$B/b"}, "StringEquals", "s3:signatureversion", "AWS4-HMAC-SHA256")...),
		opens: []Request{by(MainAccount, get("a"))}, bars: []Request{by(MainAccount, get("b"))},
	}, {
		id: "condition.content-sha256", says: "s3:x-amz-content-sha256 MUST be UNSIGNED-PAYLOAD for a request whose payload is not signed.",
		ref:    apiSigned,
		policy: under(deny("s3:PutObject"), "StringEquals", "s3:x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
		opens:  []Request{by(MainAccount, write("a"))}, bars: []Request{unsigned(write("b"))},
	}, {
		id: "condition.source-ip", says: "aws:SourceIp MUST be the address that the request comes from.",
		ref: iamKeys + "#condition-keys-sourceip", keys: []string{"a", "b", "c"},
		policy: append(append(under(statement{Resource: "$B/a"}, "IpAddress", "aws:SourceIp", "192.0.2.0/24", "2001:db8::/32"),
			under(statement{Resource: "$B/b"}, "IpAddress", "aws:SourceIp", "192.0.2.0/24", "0.0.0.0/0", "::/0")...),
			under(statement{Resource: "$B/c"}, "NotIpAddress", "aws:SourceIp", "192.0.2.0/24")...),
		opens: []Request{get("b"), get("c")}, bars: []Request{get("a"), get("a", header("X-Forwarded-For", "192.0.2.1"))},
	}, {
		id: "condition.referer", says: "aws:Referer MUST be the Referer of the request.",
		ref: iamKeys + "#condition-keys-referer", keys: []string{"k"},
		policy: under(statement{}, "StringLike", "aws:Referer", "http://www.example.com/*"),
		opens:  []Request{get("k", header("Referer", "http://www.example.com/page"))},
		bars:   []Request{get("k", header("Referer", "http://www.example.org/page")), get("k")},
	}, {
		id: "condition.user-agent", says: "aws:UserAgent MUST be the User-Agent of the request.",
		ref: iamKeys + "#condition-keys-useragent", keys: []string{"k"},
		policy: under(statement{}, "StringEquals", "aws:UserAgent", "me"),
		opens:  []Request{get("k", header("User-Agent", "me"))}, bars: []Request{get("k", header("User-Agent", "you"))},
	}, {
		id: "condition.current-time", says: "aws:CurrentTime MUST be the time of the request.",
		ref: iamKeys + "#condition-keys-currenttime", keys: []string{"a", "b", "c", "d"},
		policy: append(append(append(under(statement{Resource: "$B/a"}, "DateLessThan", "aws:CurrentTime", day(2)),
			under(statement{Resource: "$B/b"}, "DateGreaterThan", "aws:CurrentTime", day(-2))...),
			under(statement{Resource: "$B/c"}, "DateLessThan", "aws:CurrentTime", day(-2))...),
			under(statement{Resource: "$B/d"}, "DateGreaterThan", "aws:CurrentTime", day(2))...),
		opens: []Request{get("a"), get("b")}, bars: []Request{get("c"), get("d")},
	}, {
		id: "condition.version-id", says: "s3:VersionId MUST be the version that a request names.",
		ref: guideKeys + "#getobjectversion-limit-access-to-specific-version-3", needs: []Feature{Versioning},
		ready: func(ctx context.Context, p *place) {
			p.s.SetVersioning(ctx, p.bucket, "Enabled")
			p.names["$V"] = *p.s.MustPut(ctx, p.bucket, "k", "one").VersionId
			p.names["$W"] = *p.s.MustPut(ctx, p.bucket, "k", "two").VersionId
		},
		policy: under(statement{Action: "s3:GetObjectVersion"}, "StringEquals", "s3:VersionId", "$V"),
		opens:  []Request{{Method: "GET", Key: "k", Query: "versionId=$V", As: Anonymous}},
		bars:   []Request{{Method: "GET", Key: "k", Query: "versionId=$W", As: Anonymous}, get("k")},
	}} {
		g.rule = "P-11"
		g.add()
	}
}

// setTags sets the tags of the key k, as the owner.
func setTags(pairs ...string) Request {
	text := "<Tagging><TagSet>"
	for i := 0; i+1 < len(pairs); i += 2 {
		text += "<Tag><Key>" + pairs[i] + "</Key><Value>" + pairs[i+1] + "</Value></Tag>"
	}
	body := []byte(text + "</TagSet></Tagging>")
	return Request{Method: "PUT", Key: "k", Query: "tagging=", Body: body, Header: [][2]string{ContentMD5(body)}}
}

var _ = Add(Scenario{
	ID:    "policy.condition.secure-transport",
	Rule:  "P-11",
	Says:  "aws:SecureTransport MUST be true for a request over TLS, and false for one without.",
	Ref:   iamKeys + "#condition-keys-securetransport",
	Level: Must,
	Needs: with(TLS),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "true", "false")
		for _, v := range []string{"true", "false"} {
			p.set(ctx, statement{Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": v}}})
			sealed, plain := get("k"), get("k")
			sealed.TLS, sealed.Key, plain.Key = true, v, v
			if v == "false" {
				p.bars(ctx, sealed)
			} else {
				p.opens(ctx, sealed)
			}
			switch {
			case s.Target().Endpoints[0].Scheme != "http": // nothing goes without TLS
			case v == "false":
				p.opens(ctx, plain)
			default:
				p.bars(ctx, plain)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "policy.condition.new-tags",
	Rule:  "P-11",
	Says:  "s3:ExistingObjectTag MUST be the tags as they are when the request comes.",
	Ref:   guideTags,
	Level: Must,
	Needs: with(Tagging),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-tagging", "stage=live"))
		p.set(ctx, statement{Condition: when("StringEquals", "s3:ExistingObjectTag/stage", "live")})
		p.opens(ctx, get("k"))
		p.must(p.until(ctx, setTags("stage", "test"), func(status int) bool { return status == 200 }), "set the tags")
		p.bars(ctx, get("k"))
		p.must(p.until(ctx, setTags("stage", "live"), func(status int) bool { return status == 200 }), "set the tags")
		p.opens(ctx, get("k"))
		key := "k"
		_, err := s.SDK().DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &p.bucket, Key: &key})
		s.Must(err, "delete the tags")
		p.bars(ctx, get("k"))
	},
})

var _ = Add(Scenario{
	ID:    "policy.condition.grant",
	Rule:  "P-11",
	Says:  "A policy that lets another account put objects on condition of s3:x-amz-grant-full-control SHOULD let through a PUT that grants it to the bucket's owner, and no other.",
	Ref:   guide + "example-bucket-policies-condition-keys.html#grant-putobject-conditionally-1",
	Level: Should,
	Needs: with(SecondAccount),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.set(ctx, statement{Principal: them, Action: "s3:PutObject", Condition: when("StringEquals", "s3:x-amz-grant-full-control", "id=$ME")})
		p.opens(ctx, by(AltAccount, write("a", header("x-amz-grant-full-control", "id=$ME"))))
		p.bars(ctx, by(AltAccount, write("b")), by(AltAccount, write("c", header("x-amz-grant-full-control", "id=$THEM"))))
		s.ExpectAbsent(ctx, p.bucket, "b")
	},
})
