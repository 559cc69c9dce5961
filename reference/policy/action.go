package policy

import "strings"

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
	return onBucket, onKeys
}

// actionPattern: the case of an action's name does not matter.
func actionPattern(text string) []rune {
	pat, _ := expand(strings.ToLower(text), true, false, nil)
	return pat
}

func matchesAction(patterns []string, action string) bool {
	action = strings.ToLower(action)
	for _, p := range patterns {
		if match(actionPattern(p), action) {
			return true
		}
	}
	return false
}
