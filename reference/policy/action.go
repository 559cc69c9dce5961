package policy

import (
	"strings"

	"bleepstore/fault"
)

var (
	actionCase = fault.NewBug("policy.action-case-matters",
		"the names of actions count in their usual case alone", "P-07")
	unknownTaken = fault.NewBug("policy.unknown-action-taken",
		"a policy with an action that there is not is taken", "P-02")
	actionLike = fault.NewBug("policy.action-is-prefix",
		"an action that is allowed opens those whose names begin with its own", "P-15")
)

// The actions on buckets and on objects that a policy may name.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
const (
	bucketActions = `CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket
	DeleteBucketMetadataTableConfiguration DeleteBucketPolicy DeleteBucketWebsite
	GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation
	GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration
	GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock
	GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration
	GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration
	GetReplicationConfiguration ListBucket ListBucketMultipartUploads ListBucketVersions ListTagsForResource
	PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS PutBucketLogging
	PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy
	PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
	PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration
	PutLifecycleConfiguration PutMetricsConfiguration PutReplicationConfiguration TagResource UntagResource
	UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration`
	objectActions = `AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging
	DeleteObjectVersion DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold
	GetObjectRetention GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl
	GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent
	InitiateReplication ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl
	PutObjectLegalHold PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging
	ReplicateDelete ReplicateObject ReplicateTags RestoreObject UpdateObjectEncryption`
)

// prefix begins the name of every action here.
const prefix = "s3:"

var bucketKinds, objectKinds = names(bucketActions), names(objectActions)

func names(list string) []string {
	out := strings.Fields(list)
	for i := range out {
		out[i] = strings.ToLower(prefix + out[i])
	}
	return out
}

// knownAction says whether a pattern names any action of S3.
func knownAction(pattern string) bool {
	onBucket, onKeys := kindsOf(pattern)
	return onBucket || onKeys
}

// kindsOf says whether actions of a pattern are done to buckets, and to keys.
func kindsOf(pattern string) (onBucket, onKeys bool) {
	pat := actionPattern(pattern)
	for _, a := range bucketKinds {
		onBucket = onBucket || match(pat, a)
	}
	for _, a := range objectKinds {
		onKeys = onKeys || match(pat, a)
	}
	if !onBucket && !onKeys && strings.HasPrefix(pattern, prefix) && unknownTaken.On() {
		return true, true
	}
	return onBucket, onKeys
}

// actionPattern: the case of an action's name does not matter.
func actionPattern(text string) []rune {
	pat, _ := expand(strings.ToLower(text), true, false, nil)
	return pat
}

func matchesAction(patterns []string, action string) bool {
	folded := strings.ToLower(action)
	for _, p := range patterns {
		if strings.HasPrefix(folded, strings.ToLower(p)) && len(p) > len(prefix) && len(p) < len(action) && actionLike.On() {
			return true
		}
		if !match(actionPattern(p), folded) {
			continue
		}
		if exact, _ := expand(p, true, false, nil); !match(exact, action) && actionCase.On() {
			continue
		}
		return true
	}
	return false
}
