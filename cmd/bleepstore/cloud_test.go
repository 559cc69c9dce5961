package main

import (
	"strings"
	"testing"
)

// A cloud that cannot be opened as configured is refused before anything is
// made, and says which setting lacks.
func TestSettleClouds(t *testing.T) {
	for name, tc := range map[string]struct {
		flags map[string]string
		says  string // "": it is taken
	}{
		"aws":                   {map[string]string{"storage.backend": "aws", "storage.aws.bucket": "b"}, ""},
		"aws without a bucket":  {map[string]string{"storage.backend": "aws"}, "storage.aws.bucket"},
		"aws style":             {map[string]string{"storage.backend": "aws", "storage.aws.bucket": "b", "storage.aws.use_path_style": "often"}, "use_path_style"},
		"gcp without a bucket":  {map[string]string{"storage.backend": "gcp"}, orNotBuilt("storage.gcp.bucket")},
		"gcp":                   {map[string]string{"storage.backend": "gcp", "storage.gcp.bucket": "b"}, orNotBuilt("")},
		"azure":                 {map[string]string{"storage.backend": "azure", "storage.azure.container": "c"}, orNotBuilt("")},
		"azure without any":     {map[string]string{"storage.backend": "azure"}, orNotBuilt("storage.azure.container")},
		"settings of another's": {map[string]string{"storage.backend": "memory", "storage.aws.bucket": "b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := resolve(t, tc.flags)
			if tc.says == "" {
				if err != nil || (s.server.OpenBlobs != nil) != (tc.flags["storage.backend"] != "memory") {
					t.Errorf("got a store %v, %v", s.server.OpenBlobs != nil, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
}

// orNotBuilt is says where this program has all clouds, and else how to build one
// that does.
func orNotBuilt(says string) string {
	if allClouds {
		return says
	}
	return "go build -tags cloud"
}
