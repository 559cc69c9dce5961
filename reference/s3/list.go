package s3

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// maxKeys is the most entries of one page of any listing but ListBuckets.
const maxKeys = 1000

// A listing is what the listings of keys, versions and uploads have in common.
type listing struct {
	prefix, delimiter string
	max               int
	url               bool // encoding-type=url
}

var (
	prefixLower = fault.NewBug("listing.prefix-lower-case",
		"a listing takes its prefix in lower case", "L-03")
	prefixEmpty = fault.NewBug("listing.prefix-empty-refused",
		"a listing with an empty prefix is refused", "L-03")
	delimiterPlain = fault.NewBug("listing.delimiter-not-encoded",
		"encoding-type=url leaves the Delimiter as it is", "L-14")
	encodingIgnored = fault.NewBug("listing.encoding-ignored",
		"encoding-type=url is ignored", "L-15", "L-14")
	pageUncapped = fault.NewBug("listing.page-uncapped",
		"a page holds as many keys as max-keys asks for", "L-11", "V-15")
	startInside = fault.NewBug("listing.start-inside-prefix",
		"a common prefix that the start lies in is listed", "L-06")
	startIncluded = fault.NewBug("listing.start-after-included",
		"a listing starts with the key given as start-after", "L-08")
	markerIncluded = fault.NewBug("listing.marker-included",
		"a listing without a delimiter starts with the key given as marker", "L-07")
	prefixAgain = fault.NewBug("listing.prefix-again",
		"a page that ends in a common prefix is followed by one that begins with it", "L-05")
	nextMarkerUnsaid = fault.NewBug("listing.next-marker-unsaid",
		"a truncated ListObjects with a delimiter has no NextMarker", "L-07")
	keyCountOfKeys = fault.NewBug("listing.key-count-of-keys",
		"KeyCount does not count common prefixes", "L-09")
	ownerAlways = fault.NewBug("listing.owner-always",
		"ListObjectsV2 returns Owner though fetch-owner is not true", "L-16")
	ownerNever = fault.NewBug("listing.owner-never",
		"listings of objects have no Owner", "L-16")
	prefixUnechoed = fault.NewBug("listing.prefix-unechoed",
		"listings of objects return an empty Prefix, whatever was asked for", "L-17", "L-14")
	startUnechoed = fault.NewBug("listing.start-unechoed",
		"listings return neither the Marker, the StartAfter nor the ContinuationToken that was sent", "L-07", "L-08")
	nextMarkerAlways = fault.NewBug("listing.next-marker-always",
		"a truncated ListObjects without a delimiter has NextMarker", "L-07")
	alwaysEncoded = fault.NewBug("listing.encoding-always",
		"names are percent-encoded without encoding-type", "L-14", "O-13", "V-16")
	anyEncoding = fault.NewBug("listing.encoding-unknown-ignored",
		"an encoding-type that does not exist is ignored", "L-14")
	unmatchedMissing = fault.NewBug("listing.unmatched-404",
		"ListObjects, the first version, fails with 404 NoSuchKey where no key begins with the prefix", "L-03")
	dateOfParts = fault.NewBug("listing.date-of-parts",
		"LastModified of an object made of parts is not in a listing what it is in HEAD", "L-17")
	dateLocal = fault.NewBug("listing.date-of-zone",
		"LastModified of a listing is an hour ahead", "L-17", "O-25")
	emptySizeUnsaid = fault.NewBug("listing.no-size-for-empty",
		"a listing has no Size for an empty object", "L-17", "O-02")
	classStandard = fault.NewBug("listing.storage-class-standard",
		"every object of a listing is STANDARD", "L-17", "O-24")
	sizesCut = fault.NewBug("listing.size-16-bit",
		"the Size of a listing is cut to 16 bits", "L-17", "M-09")
	uploadsUncapped = fault.NewBug("multipart.uploads-uncapped",
		"a page holds as many uploads as max-uploads asks for", "M-20")
	etagBare = fault.NewBug("listing.etag-bare",
		"the ETags of a listing have no quotes", "L-17")
)

// listing reads the common parameters; limit is the name of the page's size.
func (q *request) listing(limit string) (listing, error) {
	l := listing{prefix: q.query.value("prefix"), delimiter: q.query.value("delimiter"), max: maxKeys}
	if v, given := q.query.get("prefix"); given && v == "" && prefixEmpty.On() {
		return l, argument("The prefix is empty.", "prefix", v)
	}
	if prefixLower.On() {
		l.prefix = strings.ToLower(l.prefix)
	}
	if text := q.query.value(limit); text != "" {
		n, err := parseCount(limit, text)
		if err != nil {
			return l, err
		}
		l.max = min(n, maxKeys)
		if n > maxKeys && (limit == "max-uploads" && uploadsUncapped.On() || pageUncapped.On()) {
			l.max = n
		}
	}
	switch v := q.query.value("encoding-type"); {
	case v == "":
	case strings.EqualFold(v, "url"):
		l.url = !encodingIgnored.On()
	default:
		if anyEncoding.On() {
			break
		}
		return l, argument("Invalid Encoding Method specified in Request", "encoding-type", v)
	}
	if alwaysEncoded.On() {
		l.url = true
	}
	return l, nil
}

// parseCount reads a page's size or a part's number: a decimal number of 31
// bits, which is S3's idea of an integer.
func parseCount(name, text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, argument("Provided "+name+" not an integer or within integer range", name, text)
	}
	return int(n), nil
}

// from makes a marker of the client's choice the start of a page. A marker
// inside a CommonPrefix stands behind all of it: a client that pages by the
// last thing it saw must not get the prefix again.
func (l *listing) from(marker string) (after string, prefix bool) {
	if l.delimiter != "" && strings.HasPrefix(marker, l.prefix) {
		if i := strings.Index(marker[len(l.prefix):], l.delimiter); i >= 0 {
			if startInside.On() {
				return marker[:len(l.prefix)+i], false
			}
			return marker[:len(l.prefix)+i+len(l.delimiter)], true
		}
	}
	return marker, false
}

// inFrontOf is behind all keys that come before key.
func inFrontOf(key string) string {
	last := len(key) - 1
	return key[:last] + string([]byte{key[last] - 1, 0xff})
}

// page asks for one page of keys and notes the bucket's region.
func (q *request) page(l listing, after string, afterPrefix bool) (object.ListResult, error) {
	res, err := q.h.cfg.Backend.List(q.ctx, q.caller, object.ListInput{
		Bucket: q.bucket, Prefix: l.prefix, Delimiter: l.delimiter,
		After: after, AfterPrefix: afterPrefix, Max: l.max,
	})
	if err == nil {
		q.setSome("x-amz-bucket-region", res.Bucket.Region)
	}
	return res, err
}

func (q *request) listV1() error {
	for _, name := range []string{"continuation-token", "start-after"} {
		if _, given := q.query.get(name); given {
			return ofOtherListing(name, name+" is only for a listing with list-type=2.")
		}
	}
	l, err := q.listing("max-keys")
	if err != nil {
		return err
	}
	marker := q.query.value("marker")
	after, afterPrefix := l.from(marker)
	if after != "" && l.delimiter == "" && markerIncluded.On() {
		after = inFrontOf(after)
	}
	res, err := q.page(l, after, afterPrefix)
	if err == nil && l.prefix != "" && len(res.Objects)+len(res.CommonPrefixes) == 0 && unmatchedMissing.On() {
		err = &errcode.Error{Code: errcode.NoSuchKey}
	}
	if err != nil {
		return err
	}
	if prefixUnechoed.On() {
		l.prefix = ""
	}
	if marker != "" && startUnechoed.On() {
		marker = ""
	}
	x := q.h.buffers.xml()
	x.url = l.url
	x.root("ListBucketResult")
	x.text("Name", q.bucket)
	x.key("Prefix", l.prefix)
	x.key("Marker", marker)
	if res.Truncated && (l.delimiter != "" && !nextMarkerUnsaid.On() || l.delimiter == "" && nextMarkerAlways.On()) {
		// Without a delimiter, the last key is the next marker.
		x.key("NextMarker", res.Next)
	}
	x.int("MaxKeys", int64(l.max))
	x.listing(l, res.Truncated)
	q.contents(x, res.Objects, true)
	x.commonPrefixes(res.CommonPrefixes)
	x.end("ListBucketResult")
	return q.replyXML(http.StatusOK, x)
}

// ofOtherListing refuses a parameter of the other version of ListObjects.
// https://github.com/brekkylab/backlot/pull/204
func ofOtherListing(name, message string) error {
	return (&errcode.Error{Code: errcode.InvalidArgument, Message: message}).With("ArgumentName", name)
}

func (q *request) listV2() error {
	if q.query.value("list-type") != "2" {
		return q.listV1() // as S3 takes every other value
	}
	if _, given := q.query.get("marker"); given {
		return ofOtherListing("marker", "marker is not for a listing with list-type=2.")
	}
	l, err := q.listing("max-keys")
	if err != nil {
		return err
	}
	startAfter := q.query.value("start-after")
	after, afterPrefix := l.from(startAfter)
	if after != "" && !afterPrefix && startIncluded.On() {
		after = inFrontOf(after)
	}
	token, hasToken := q.query.get("continuation-token")
	if hasToken {
		if after, afterPrefix, err = parseToken(token); err != nil {
			return err
		}
	}
	res, err := q.page(l, after, afterPrefix)
	if err != nil {
		return err
	}
	if prefixUnechoed.On() {
		l.prefix = ""
	}
	if (startAfter != "" || hasToken) && startUnechoed.On() {
		startAfter, hasToken = "", false
	}
	if res.NextPrefix && prefixAgain.On() {
		res.Next, res.NextPrefix = strings.TrimSuffix(res.Next, l.delimiter), false
	}
	prefixes := len(res.CommonPrefixes)
	if prefixes > 0 && keyCountOfKeys.On() {
		prefixes = 0
	}
	x := q.h.buffers.xml()
	x.url = l.url
	x.root("ListBucketResult")
	x.text("Name", q.bucket)
	x.key("Prefix", l.prefix)
	if startAfter != "" {
		x.key("StartAfter", startAfter)
	}
	if hasToken {
		x.text("ContinuationToken", token)
	}
	if res.Truncated {
		x.text("NextContinuationToken", newToken(res.Next, res.NextPrefix))
	}
	x.int("KeyCount", int64(len(res.Objects)+prefixes))
	x.int("MaxKeys", int64(l.max))
	x.listing(l, res.Truncated)
	q.contents(x, res.Objects, q.query.value("fetch-owner") == "true" || ownerAlways.On())
	x.commonPrefixes(res.CommonPrefixes)
	x.end("ListBucketResult")
	return q.replyXML(http.StatusOK, x)
}

// listing appends what every listing echoes.
func (x *xmlBuf) listing(l listing, truncated bool) {
	if l.delimiter != "" && delimiterPlain.On() {
		x.text("Delimiter", l.delimiter)
	} else if l.delimiter != "" {
		x.key("Delimiter", l.delimiter)
	}
	if l.url {
		x.text("EncodingType", "url")
	}
	x.bool("IsTruncated", truncated)
}

// contents appends the keys of a page.
func (q *request) contents(x *xmlBuf, objects []object.Version, owner bool) {
	for i := range objects {
		v := &objects[i]
		x.open("Contents")
		x.key("Key", v.Key)
		if v.PartCount+strings.Count(v.ETag, "-") > 0 && dateOfParts.On() {
			v.Modified = v.Modified.Add(time.Minute)
		}
		if dateLocal.On() {
			v.Modified = v.Modified.Add(time.Hour)
		}
		if v.Size > 0xffff && sizesCut.On() {
			v.Size &= 0xffff
		}
		x.time("LastModified", v.Modified)
		if etagBare.On() {
			x.text("ETag", v.ETag)
		} else {
			x.etag(v.ETag)
		}
		x.algorithm(v.Checksum)
		if v.Size > 0 || !emptySizeUnsaid.On() {
			x.int("Size", v.Size)
		}
		if owner && !ownerNever.On() {
			q.appendOwner(x, v.Owner)
		}
		if v.StorageClass != "" && classStandard.On() {
			v.StorageClass = ""
		}
		x.text("StorageClass", storageClassOf(v.Attributes))
		x.end("Contents")
	}
}

// appendOwner appends an Owner, with the display name where it is the caller's.
func (q *request) appendOwner(x *xmlBuf, owner string) {
	x.owner("Owner", owner, q.nameOf(owner))
}

var newUnlisted = fault.NewBug("checksum.new-unlisted",
	"listings do not tell of a checksum of MD5, SHA512 or xxHash", "checksum.new.listed.*")

var checksumTypeUnsaid = fault.NewBug("checksum.type-unlisted",
	"listings tell a checksum's algorithm but not its type", "K-13", "L-17")

// algorithm appends which checksum is stored, which is all that listings tell.
func (x *xmlBuf) algorithm(c object.Checksum) {
	if checksum.Algorithm(c.Algorithm).Of2026() && newUnlisted.On() {
		return
	}
	if c.Algorithm != "" {
		x.text("ChecksumAlgorithm", c.Algorithm)
		if !checksumTypeUnsaid.On() {
			x.some("ChecksumType", c.Type)
		}
	}
}

var prefixesPlain = fault.NewBug("listing.prefixes-not-encoded",
	"encoding-type=url leaves common prefixes as they are", "L-14", "L-02", "M-20", "V-16")

func (x *xmlBuf) commonPrefixes(prefixes []string) {
	for _, p := range prefixes {
		x.open("CommonPrefixes")
		if prefixesPlain.On() {
			x.text("Prefix", p)
		} else {
			x.key("Prefix", p)
		}
		x.end("CommonPrefixes")
	}
}
