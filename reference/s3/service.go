package s3

import (
	"net/http"
	"strconv"

	"bleepstore/fault"
	"bleepstore/reference/object"
)

// maxBuckets is the most buckets in one page, and the page's size where the
// client names none.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
const maxBuckets = 10_000

var (
	ownerUnsaid = fault.NewBug("bucket.list-without-owner",
		"ListBuckets does not tell the owner", "B-14")
	regionUnsaid = fault.NewBug("bucket.list-without-region",
		"ListBuckets does not tell the region of a bucket", "B-16")
	createdNow = fault.NewBug("bucket.created-now",
		"the CreationDate of a bucket is the time of the listing", "B-14")
	pageUnbounded = fault.NewBug("bucket.page-unbounded",
		"ListBuckets ignores max-buckets", "B-15")
)

func (q *request) listBuckets() error {
	in := object.ListBucketsInput{
		Caller: q.caller,
		Prefix: q.query.value("prefix"),
		Region: q.query.value("bucket-region"),
		Max:    maxBuckets,
	}
	if text, ok := q.query.get("max-buckets"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxBuckets {
			return argument("Argument max-buckets must be an integer between 1 and 10000.", "max-buckets", text)
		}
		if !pageUnbounded.On() {
			in.Max = n
		}
	}
	if text := q.query.value("continuation-token"); text != "" {
		after, _, err := parseToken(text)
		if err != nil {
			return err
		}
		in.After = after
	}
	res, err := q.h.cfg.Backend.ListBuckets(q.ctx, in)
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.root("ListAllMyBucketsResult")
	if !ownerUnsaid.On() {
		x.owner("Owner", q.caller.Account, q.caller.Name)
	}
	x.open("Buckets")
	for i := range res.Buckets {
		b := &res.Buckets[i]
		x.open("Bucket")
		x.text("Name", b.Name)
		if createdNow.On() {
			b.Created = q.start
		}
		x.time("CreationDate", b.Created)
		if !regionUnsaid.On() {
			x.some("BucketRegion", b.Region)
		}
		x.text("BucketArn", arn(b.Name))
		x.end("Bucket")
	}
	x.end("Buckets")
	x.some("Prefix", in.Prefix)
	if res.Next != "" {
		x.text("ContinuationToken", newToken(res.Next, false))
	}
	x.end("ListAllMyBucketsResult")
	return q.replyXML(http.StatusOK, x)
}

// owner appends who owns or began something. Only the caller's own display
// name is known to the edge.
func (x *xmlBuf) owner(element, id, name string) {
	x.open(element)
	x.text("ID", id)
	x.some("DisplayName", name)
	x.end(element)
}
