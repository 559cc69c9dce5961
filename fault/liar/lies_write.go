package liar

import "net/http"

// Writes that are acknowledged and not done, done and not acknowledged, or done
// twice.

// hollow registers a lie that answers honest requests without sending them.
func hollow(name, says string, on func(*request) bool, broken ...string) *lie {
	return add(name, says, broken, lie{on: and(on, honest), when: worked, take: func(_ *telling, q *request) *answer {
		a := pretend(q)
		if a.fields.has("ETag") {
			a.set("ETag", q.tag())
		}
		return a
	}})
}

// shorter picks writes over keys that something longer was written to before: what
// the lie notes of them is in kept.
func shorter(t *telling, q *request) bool {
	old, again := t.recall(q.bucket + "/" + q.key)
	t.keep(q.bucket+"/"+q.key, &answer{was: q.body})
	return again && len(q.body) < len(old.was)
}

// ofVersion picks requests about one version.
func ofVersion(q *request) bool { return q.params().Get("versionId") != "" }

var (
	_ = hollow("lie.write.delete-unsent", "DeleteObject of a version answers 204 and deletes nothing", and(ops("DeleteObject"), ofVersion), "V-09", "version.delete.*")
	_ = hollow("lie.write.delete-many-unsent", "DeleteObjects answers 200 and deletes nothing", ops("DeleteObjects"), "object.delete-many.only-md5", "object.delete-many.quiet-errors", "object.delete-many.verbose")
	_ = hollow("lie.write.abort-unsent", "AbortMultipartUpload answers 204 and keeps the upload", ops("AbortMultipartUpload"), "M-13", "multipart.abort.*")
	_ = hollow("lie.write.tags-unsent", "PutObjectTagging answers 200 and leaves the tags as they are", ops("PutObjectTagging"), "T-10", "object.tags.*")
	_ = hollow("lie.write.acl-unsent", "PutObjectAcl answers 200 and leaves the ACL as it is", ops("PutObjectAcl"), "acl.canned.put-object-acl.public-read", "acl.header.put-object-acl.read", "acl.empty.object")
	_ = add("lie.write.suspend-unsent", "PutBucketVersioning to Suspended answers 200 and changes nothing",
		breaks("version.config.shown"), lie{on: and(ops("PutBucketVersioning"), honest), when: func(q *request, a *answer) bool {
			return a.ok() && textOf(q.body, "Status") == "Suspended"
		}, take: func(_ *telling, q *request) *answer {
			if textOf(q.body, "Status") != "Suspended" {
				return nil
			}
			return pretend(q)
		}})

	_ = add("lie.write.overwrite-unsent", "PutObject over a longer object answers 200 and leaves it as it is",
		breaks("object.put.overwrite-body"), lie{on: and(ops("PutObject"), honest), when: worked, take: func(t *telling, q *request) *answer {
			if !shorter(t, q) {
				return nil
			}
			a := pretend(q)
			a.set("ETag", q.tag())
			return a
		}})
	_ = add("lie.write.applied-500", "PutObject of a mebibyte or more is done and answered with 500",
		breaks("object.put.etag-md5"), lie{on: ops("PutObject"), when: worked,
			change: func(_ *telling, q *request, a *answer) bool {
				if len(q.body) < 1<<20 {
					return false
				}
				*a = *refusal(q, http.StatusInternalServerError, "InternalError")
				return true
			}})
	_ = add("lie.write.delete-500", "the first DeleteObject of a version of each key is done and answered with 500",
		breaks("V-09", "version.delete.*"), lie{on: and(ops("DeleteObject"), ofVersion), when: worked, change: func(t *telling, q *request, a *answer) bool {
			if _, again := t.recall(q.bucket + "/" + q.key); again {
				return false
			}
			t.keep(q.bucket+"/"+q.key, &answer{})
			*a = *refusal(q, http.StatusInternalServerError, "InternalError")
			return true
		}})
	_ = add("lie.write.twice", "every PutObject is done twice",
		breaks("version.delete.uncovers-marker", "version.delete-objects.null", "version.get.attributes"), lie{on: and(ops("PutObject"), honest), when: worked,
			take: func(t *telling, q *request) *answer {
				if a := t.send(q); a == nil {
					return nil
				}
				return t.send(q)
			}})
	_ = add("lie.write.delete-twice", "every DeleteObject is done twice",
		breaks("V-06", "version.delete.*", "W-14"), lie{on: and(ops("DeleteObject"), honest), when: worked,
			take: func(t *telling, q *request) *answer {
				if a := t.send(q); a == nil {
					return nil
				}
				return t.send(q)
			}}).given("conditional.delete.if-match.stale")
	_ = add("lie.write.replayed", "an earlier PutObject of a key, with a storage class, is done again behind the next one",
		breaks("object.put.overwrite-rest"), lie{on: and(ops("PutObject"), honest), when: worked,
			take: func(t *telling, q *request) *answer {
				old, again := t.recall(q.bucket + "/" + q.key)
				if q.get("X-Amz-Storage-Class") != "" {
					t.keep(q.bucket+"/"+q.key, &answer{was: q.bytes()})
				}
				a := t.send(q)
				if again && a != nil && a.ok() {
					earlier := q.clone()
					earlier.raw = old.was
					t.send(earlier)
				}
				return a
			}})
)
