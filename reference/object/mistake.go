package object

import (
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// Bugs of reads that take one object for another.
var (
	folderFound = fault.NewBug("object.folder-found",
		"a key with a slash behind it is an empty object where keys begin with it", "O-15")
	slashFound = fault.NewBug("object.slash-added",
		"a key is found also with a slash behind it", "O-15")
	slashMissed = fault.NewBug("object.slash-left-out",
		"a key that ends in a slash is found also without it", "O-15")
	anyCase = fault.NewBug("object.key-any-case",
		"a key that does not exist is found where it does in another case", "O-15")
	anyKeys = fault.NewBug("version.of-any-key",
		"a version is read by its id whatever the key", "V-04")
)

// mistaken is what a server with one of those bugs finds where there is nothing;
// o and err are what was found.
func mistaken(tx *meta.Tx, in *GetInput, o meta.Object, err error) (meta.Object, error) {
	if in.VersionID != "" {
		if errcode.Of(err) == errcode.NoSuchVersion && anyKeys.On() {
			page, _ := tx.Versions(meta.VersionsQuery{Bucket: in.Bucket, Max: 1000})
			for _, v := range page.Versions {
				if v.ID == in.VersionID {
					return tx.Object(in.Bucket, v.Key, v.ID)
				}
			}
		}
		return o, err
	}
	if errcode.Of(err) != errcode.NoSuchKey {
		return o, err
	}
	bare, slashed := strings.CutSuffix(in.Key, "/")
	page := func(prefix string, max int) []meta.Version {
		p, _ := tx.List(meta.ListQuery{Bucket: in.Bucket, Prefix: prefix, Max: max})
		return p.Objects
	}
	switch {
	case slashed && folderFound.On():
		if below := page(in.Key, 1); len(below) > 0 {
			if found, err := tx.Object(in.Bucket, below[0].Key, ""); err == nil {
				found.Size, found.ETag = 0, "d41d8cd98f00b204e9800998ecf8427e"
				return found, nil
			}
		}
	case slashed && bare != "" && slashFound.On():
		return tx.Object(in.Bucket, bare, "")
	case !slashed && slashMissed.On():
		return tx.Object(in.Bucket, in.Key+"/", "")
	case anyCase.On():
		for _, v := range page("", 1000) {
			if strings.EqualFold(v.Key, in.Key) {
				return tx.Object(in.Bucket, v.Key, "")
			}
		}
	}
	return o, err
}
