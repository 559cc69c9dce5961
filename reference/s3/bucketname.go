package s3

import (
	"slices"
	"strings"

	"bleepstore/fault"
)

var (
	nameLong = fault.NewBug("bucket.name-long",
		"a bucket's name may have 64 characters and more", "B-04")
	nameUpperCase = fault.NewBug("bucket.name-upper-case",
		"a bucket's name may have letters in upper case", "B-05")
	nameUnderscore = fault.NewBug("bucket.name-underscore",
		"a bucket's name may have an underscore", "B-05")
	nameEdges = fault.NewBug("bucket.name-edges",
		"a bucket's name may begin and end with a hyphen or a period", "B-05")
	nameShort = fault.NewBug("bucket.name-short",
		"a bucket's name may have two characters", "B-04")
	nameFour = fault.NewBug("bucket.name-of-three",
		"a bucket's name may not have three characters", "B-04")
	nameAddress = fault.NewBug("bucket.name-address",
		"a bucket's name may have the form of an IP address", "B-05")
	nameDots = fault.NewBug("bucket.name-dots",
		"a bucket's name may have two adjacent periods", "B-05")
	nameNoDots = fault.NewBug("bucket.name-without-dots",
		"a bucket's name may have no period", "B-04")
	namePrefixes = fault.NewBug("bucket.name-prefixes",
		"a bucket's name may begin with what S3 keeps for itself", "B-06")
	nameSuffixes = fault.NewBug("bucket.name-suffixes",
		"a bucket's name may end in what S3 keeps for itself", "B-06")
)

// Names that S3 keeps for itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var (
	reservedPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"}
)

// validBucketName says whether a general purpose bucket may be called name.
func validBucketName(name string) bool {
	if len(name) < 3 && !(len(name) == 2 && nameShort.On()) || len(name) == 3 && nameFour.On() || len(name) > 63 && !nameLong.On() {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case 'A' <= c && c <= 'Z' && nameUpperCase.On(), c == '_' && nameUnderscore.On():
		case c == '.' && nameNoDots.On():
			return false
		case c == '-', c == '.':
			if (i == 0 || i == len(name)-1) && !nameEdges.On() {
				return false
			}
		default:
			return false
		}
	}
	if strings.Contains(name, "..") && !nameDots.On() || looksLikeIPv4(name) && !nameAddress.On() {
		return false
	}
	if strings.Contains(name, "-.") || strings.Contains(name, ".-") { // no label of a host's name
		return false
	}
	return (namePrefixes.On() || !slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })) &&
		(nameSuffixes.On() || !slices.ContainsFunc(reservedSuffixes, func(s string) bool { return strings.HasSuffix(name, s) }))
}

// looksLikeIPv4 says whether name is four labels of digits, in range or not.
func looksLikeIPv4(name string) bool {
	return strings.Count(name, ".") == 3 && strings.Trim(name, "0123456789.") == ""
}
