package s3

import (
	"net/http"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/object"
)

var (
	versionsUnfiltered = fault.NewBug("version.list-unfiltered",
		"ListObjectVersions ignores prefix and delimiter", "V-16")
	markersUnfiltered = fault.NewBug("version.list-markers-unfiltered",
		"a listing of versions by a prefix has the delete markers of all keys", "V-16")
)

func (q *request) listVersions() error {
	l, err := q.listing("max-keys")
	if err != nil {
		return err
	}
	if versionsUnfiltered.On() {
		l.prefix, l.delimiter = "", ""
	}
	key, version := q.query.value("key-marker"), q.query.value("version-id-marker")
	if version != "" && key == "" {
		return argument("A version-id marker cannot be specified without a key marker.", "version-id-marker", version)
	}
	res, err := q.h.cfg.Backend.ListVersions(q.ctx, q.caller, object.ListVersionsInput{
		Bucket: q.bucket, Prefix: l.prefix, Delimiter: l.delimiter,
		AfterKey: key, AfterVersion: version, Max: l.max,
	})
	if err != nil {
		return err
	}
	if l.prefix != "" && markersUnfiltered.On() {
		all, _ := q.h.cfg.Backend.ListVersions(q.ctx, q.caller, object.ListVersionsInput{Bucket: q.bucket, Max: l.max})
		for _, v := range all.Versions {
			if v.DeleteMarker && !strings.HasPrefix(v.Key, l.prefix) {
				res.Versions = append(res.Versions, v)
			}
		}
	}
	x := q.h.buffers.xml()
	x.url = l.url
	x.root("ListVersionsResult")
	x.text("Name", q.bucket)
	x.key("Prefix", l.prefix)
	x.key("KeyMarker", key)
	x.text("VersionIdMarker", version)
	if res.Truncated {
		x.key("NextKeyMarker", res.NextKey)
		x.some("NextVersionIdMarker", res.NextVersion)
	}
	x.int("MaxKeys", int64(l.max))
	x.listing(l, res.Truncated)
	for i := range res.Versions {
		q.appendVersion(x, &res.Versions[i])
	}
	x.commonPrefixes(res.CommonPrefixes)
	x.end("ListVersionsResult")
	return q.replyXML(http.StatusOK, x)
}

var (
	markerSized = fault.NewBug("version.marker-sized",
		"a delete marker is listed with a size and an ETag", "V-17")
	versionOwnerUnsaid = fault.NewBug("version.owner-unlisted",
		"versions and delete markers are listed without an owner", "V-14")
)

// appendVersion appends a Version or a DeleteMarker, in the listing's order.
func (q *request) appendVersion(x *xmlBuf, v *object.Version) {
	element := "Version"
	if v.DeleteMarker {
		element = "DeleteMarker"
	}
	x.open(element)
	x.key("Key", v.Key)
	x.text("VersionId", v.ID)
	x.bool("IsLatest", v.Latest)
	x.time("LastModified", v.Modified)
	if !v.DeleteMarker || markerSized.On() {
		x.etag(v.ETag)
		x.algorithm(v.Checksum)
		x.int("Size", v.Size)
	}
	if !versionOwnerUnsaid.On() {
		q.appendOwner(x, v.Owner)
	}
	if !v.DeleteMarker {
		x.text("StorageClass", storageClassOf(v.Attributes))
	}
	x.end(element)
}
