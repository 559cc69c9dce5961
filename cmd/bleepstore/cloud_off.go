//go:build !cloud

package main

import (
	"errors"

	"bleepstore/reference/config"
)

// errNoCloud says how to have what this build lacks.
var errNoCloud = errors.New("storage.backend: gcp and azure are not part of this build: go build -tags cloud ./cmd/bleepstore makes one that has them")

func openGCP(*config.Values) (openCloud, error)   { return nil, errNoCloud }
func openAzure(*config.Values) (openCloud, error) { return nil, errNoCloud }
