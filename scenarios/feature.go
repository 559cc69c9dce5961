package scenarios

import (
	"fmt"
	"maps"
	"slices"
)

// A Feature is a part of S3 that a server may lack, or a means that a run may
// lack, without the rest being affected.
type Feature string

// The features of the core profile.
const (
	Buckets          Feature = "buckets"
	Objects          Feature = "objects"
	ConditionalRead  Feature = "conditional-read"
	Range            Feature = "range"
	Copy             Feature = "copy"
	Listing          Feature = "listing"
	Multipart        Feature = "multipart"
	ConditionalWrite Feature = "conditional-write"
	Checksum         Feature = "checksum"
	Streaming        Feature = "streaming"
	Presigned        Feature = "presigned"
	Auth             Feature = "auth"
	Wire             Feature = "wire"
	Consistency      Feature = "consistency" // concurrent clients; left out where the run gives them no time
)

// The features that only the full profile claims.
const (
	Versioning        Feature = "versioning"
	Tagging           Feature = "tagging"
	ACL               Feature = "acl"
	Lock              Feature = "lock"
	Policy            Feature = "policy"
	CORS              Feature = "cors"
	Form              Feature = "form"
	Encryption        Feature = "encryption"
	SSEC              Feature = "sse-c"
	Lifecycle         Feature = "lifecycle"
	Website           Feature = "website" // its configuration; pages come from an endpoint of their own
	PublicAccessBlock Feature = "public-access-block"
	SecondAccount     Feature = "second-account"
	TLS               Feature = "tls"
)

// The features that no profile claims: they cost much, or need a hook or
// another deployment, and are added one by one.
const (
	Large       Feature = "large" // 10,001 keys, over 64 MiB, or over 2,000 requests
	OtherRegion Feature = "other-region"
	ClockHook   Feature = "clock-hook"
	KMSHook     Feature = "kms-hook"
	KillHook    Feature = "kill-hook"

	WebsiteEndpoint Feature = "website-endpoint"

	STS         Feature = "sts"
	Slow        Feature = "slow"
	NewChecksum Feature = "new-checksum" // SHA512, MD5, XXHASH: added to the enumeration in 2026
)

var core = []Feature{Buckets, Objects, ConditionalRead, Range, Copy, Listing, Multipart,
	ConditionalWrite, Checksum, Streaming, Presigned, Auth, Wire, Consistency}

var beyondCore = []Feature{Versioning, Tagging, ACL, Lock, Policy, CORS, Form, Encryption, SSEC,
	Lifecycle, Website, PublicAccessBlock, SecondAccount, TLS}

var inNoProfile = []Feature{Large, OtherRegion, ClockHook, KMSHook, KillHook, WebsiteEndpoint, STS, Slow, NewChecksum}

// Profiles names the sets of features that a server can claim.
var Profiles = map[string][]Feature{
	"core": core,
	"full": slices.Concat(core, beyondCore),
}

// Features returns every known feature, core first.
func Features() []Feature { return slices.Concat(core, beyondCore, inNoProfile) }

// Claim returns the features of profile changed by edits, each "+name",
// "-name" or "name" (the same as +name). An unknown profile or feature is an
// error: a misspelt name must never make a run smaller.
func Claim(profile string, edits []string) (map[Feature]bool, error) {
	base, ok := Profiles[profile]
	if !ok {
		return nil, fmt.Errorf("unknown profile %q: want one of %v", profile, slices.Sorted(maps.Keys(Profiles)))
	}
	claim := map[Feature]bool{}
	for _, f := range base {
		claim[f] = true
	}
	for _, e := range edits {
		add, name := true, e
		switch {
		case len(e) > 0 && e[0] == '+':
			name = e[1:]
		case len(e) > 0 && e[0] == '-':
			add, name = false, e[1:]
		}
		if !slices.Contains(Features(), Feature(name)) {
			return nil, fmt.Errorf("unknown feature %q: want one of %v", name, Features())
		}
		claim[Feature(name)] = add
	}
	return claim, nil
}
