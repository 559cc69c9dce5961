package s3

import (
	"fmt"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
)

// The names under which checksums are answered, by algorithm; computed once
// because every PUT needs one.
var checksumNames, checksumElements = func() (map[string]string, map[string]string) {
	names, elements := map[string]string{}, map[string]string{}
	for _, a := range checksum.All() {
		names[string(a)], elements[string(a)] = a.Header(), a.Element()
	}
	return names, elements
}()

func checksumName(algorithm string) string    { return checksumNames[algorithm] }
func checksumElement(algorithm string) string { return checksumElements[algorithm] }

// validAlgorithms lists them for a client that named another.
var validAlgorithms = strings.ReplaceAll(fmt.Sprint(checksum.All()), " ", ", ")

var unknownAlgorithm = fault.NewBug("checksum.unknown-algorithm-ignored",
	"an x-amz-checksum-algorithm or -type that does not exist is ignored", "K-06", "K-12")

// announcedAlgorithm reads x-amz-checksum-algorithm, "" when it is absent.
func (q *request) announcedAlgorithm() (checksum.Algorithm, error) {
	v := q.header(hChecksumAlgo)
	if v == "" {
		return "", nil
	}
	a, ok := checksum.Parse(v)
	if !ok && unknownAlgorithm.On() {
		return "", nil
	}
	if !ok {
		return "", errcode.New(errcode.InvalidRequest, "Checksum algorithm provided is unsupported. Please try again with any of the valid types: %s", validAlgorithms)
	}
	return a, nil
}

// announcedType reads x-amz-checksum-type, "" when it is absent.
func (q *request) announcedType() (checksum.Type, error) {
	v := q.header(hChecksumType)
	switch t := checksum.Type(strings.ToUpper(v)); t {
	case "", checksum.FullObject, checksum.Composite:
		return t, nil
	}
	if unknownAlgorithm.On() {
		return "", nil
	}
	return "", errcode.New(errcode.InvalidRequest, "Value for x-amz-checksum-type header is invalid.")
}
