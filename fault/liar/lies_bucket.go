package liar

// Buckets that change when nobody changed them, or that others see.

var (
	_ = add("lie.bucket.again-resets", "creating one's own bucket again takes its tags and suspends its versioning",
		breaks("bucket.create.again.*"), lie{on: and(ops("CreateBucket"), honest), when: func(q *request, a *answer) bool {
			return a.ok() || a.code() == "BucketAlreadyOwnedByYou"
		}, change: func(t *telling, q *request, _ *answer) bool {
			_, again := t.recall(q.bucket)
			t.keep(q.bucket, &answer{})
			if !again {
				return false
			}
			for _, undo := range []request{
				{method: "DELETE", target: "/" + q.bucket + "?tagging="},
				{method: "PUT", target: "/" + q.bucket + "?versioning=", body: []byte("<VersioningConfiguration" + space + "><Status>Suspended</Status></VersioningConfiguration>")},
			} {
				undo.proto, undo.ctx, undo.fields = "HTTP/1.1", q.ctx, fields{{"Host", q.get("Host")}}
				undo.own(t.liar)
				t.send(&undo)
			}
			return true
		}})
	_ = add("lie.bucket.lists-others", "ListBuckets answers everybody with the owner's buckets",
		breaks("auth.other-account.buckets"), lie{on: and(ops("ListBuckets"), honest), when: worked, take: func(t *telling, q *request) *answer {
			if len(t.liar.keys) == 0 || q.by.scope.Access == "" || q.by.scope.Access == t.liar.keys[0].Access {
				return nil
			}
			q.own(t.liar)
			return t.send(q)
		}})
	_ = alter("lie.bucket.date", "ListBuckets says of every bucket that it was created in 2006",
		breaks("bucket.list.creation-date"), ops("ListBuckets"), func(_ *request, a *answer) bool {
			return retext(a, "CreationDate", past.Format("2006-01-02T15:04:05.000Z"))
		})
	_ = alter("lie.bucket.region", "HeadBucket names another region",
		breaks("bucket.head.region"), ops("HeadBucket"), func(_ *request, a *answer) bool {
			had := a.ok() && a.fields.has("X-Amz-Bucket-Region")
			a.set("x-amz-bucket-region", "mars-north-1")
			return had
		})
	_ = alter("lie.bucket.missing-found", "HeadBucket of a bucket that there is none of answers 200",
		breaks("bucket.head.missing", "bucket.missing.head"), ops("HeadBucket"), func(q *request, a *answer) bool {
			if a.status != 404 {
				return false
			}
			*a = *pretend(q)
			return true
		})
)
