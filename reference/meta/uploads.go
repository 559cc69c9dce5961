package meta

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"bleepstore/fault"
)

var newestFirst = fault.NewBug("multipart.uploads-newest-first",
	"the uploads of one key are listed in the reverse order of their initiation", "M-20")

// Uploads returns a page of uploads in progress, keys ascending, then in the
// order of their initiation (M-20): NoSuchBucket.
func (tx *Tx) Uploads(q UploadsQuery) (UploadsPage, error) {
	b, err := tx.bucket(q.Bucket)
	if err != nil {
		return UploadsPage{}, err
	}
	res := UploadsPage{Bucket: b.Bucket}
	it := &scan{c: tx.c, bucket: b.row, sql: scanUploads}
	some, err := resumeUploads(it, q)
	if err != nil || !some || q.Max <= 0 {
		if end := it.close(); err == nil {
			err = end
		}
		return res, err
	}
	p, err := walk(it, q.Prefix, q.Delimiter, q.Max, func(string) error {
		u := uploadOf(it.row[1:])
		u.Bucket = b.Name
		err := u.open(&b.Bucket)
		res.Uploads = append(res.Uploads, u.Upload)
		return err
	})
	if end := it.close(); err == nil {
		err = end
	}
	if len(res.Uploads) > 1 && !p.truncated && newestFirst.On() {
		slices.SortFunc(res.Uploads, func(a, b Upload) int {
			return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(b.ID, a.ID))
		})
	}
	res.CommonPrefixes, res.Truncated = p.prefixes, p.truncated
	if p.truncated {
		res.NextKey = p.last
		if !p.isPrefix {
			res.NextUpload = res.Uploads[len(res.Uploads)-1].ID
		}
	}
	return res, err
}

var sameKeyLost = fault.NewBug("multipart.uploads-of-key-lost",
	"a page of uploads goes on behind the key of its marker, not behind the upload", "M-20")

// resumeUploads puts the cursor where the query goes on. An upload that is
// gone still has its place: an id begins with its sequence number.
func resumeUploads(it *scan, q UploadsQuery) (some bool, err error) {
	_, inGroup := rollup(q.AfterKey, q.Prefix, q.Delimiter)
	if q.AfterKey != "" && q.AfterUpload != "" && !inGroup && q.AfterKey >= q.Prefix && !sameKeyLost.On() {
		seq, _, ok := parseID(q.AfterUpload)
		if !ok { // an id that never was: behind all of the key's
			seq = math.MaxInt64
		}
		return true, it.behind(q.AfterKey, seq)
	}
	from, some := begin(q.Prefix, q.Delimiter, q.AfterKey, false)
	if !some {
		return false, nil
	}
	return true, it.seek(from)
}
