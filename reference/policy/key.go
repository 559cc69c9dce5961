package policy

import (
	"slices"
	"strings"

	"bleepstore/fault"
)

var keysAny = fault.NewBug("policy.unknown-key-taken",
	"a policy with a condition key that there is not is taken", "P-02")

// The condition keys of S3 and those of all services, as they are folded. What
// a key with another prefix means its service knows.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
const (
	serviceKeys = `accessgrantsinstancearn accesspointnetworkorigin authtype bucketnamespace dataaccesspointaccount
	dataaccesspointarn delimiter destinationregion existingjoboperation existingjobpriority if-match if-none-match
	inventoryaccessibleoptionalfields isreplicationpauserequest jobsuspendedcause locationconstraint max-keys
	object-lock-legal-hold object-lock-mode object-lock-remaining-retention-days object-lock-retain-until-date
	objectcreationoperation prefix requestjoboperation requestjobpriority requestobjecttagkeys resourceaccount
	signatureage signatureversion tlsversion versionid x-amz-acl x-amz-bucket-namespace x-amz-content-sha256
	x-amz-copy-source x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write
	x-amz-grant-write-acp x-amz-metadata-directive x-amz-object-ownership x-amz-server-side-encryption
	x-amz-server-side-encryption-aws-kms-key-id x-amz-server-side-encryption-customer-algorithm x-amz-storage-class
	x-amz-website-redirect-location`
	serviceTags = `accesspointtag buckettag existingobjecttag requestobjecttag`
	globalKeys  = `assumedroot calledvia calledviaawsmcp calledviafirst calledvialast chatbotsourcearn currenttime
	ec2instancesourceprivateipv4 ec2instancesourcevpc epochtime federatedprovider ismcpserviceaction
	multifactorauthage multifactorauthpresent principalaccount principalarn principalisawsservice principalorgid
	principalorgpaths principalservicename principalservicenameslist principaltype referer requestedregion
	resourceaccount resourceorgid resourceorgpaths securetransport signinsessionarn sourceaccount sourcearn
	sourceidentity sourceip sourceorgid sourceorgpaths sourceowner sourcevpc sourcevpcarn sourcevpce tagkeys
	tokenissuetime useragent userid username viaawsmcpservice viaawsservice vpceaccount vpceorgid vpceorgpaths
	vpcsourceip`
	globalTags = `principaltag requesttag resourcetag`
)

// keys are the names behind each prefix, and those that a tag's name follows.
var keys = map[string]struct{ plain, tags []string }{
	"s3":  {strings.Fields(serviceKeys), strings.Fields(serviceTags)},
	"aws": {strings.Fields(globalKeys), strings.Fields(globalTags)},
}

// knownKey reports whether there is such a condition key, which is folded. What
// is no key of S3's would never hold and never fail, without a word.
func knownKey(key string) bool {
	service, name, _ := strings.Cut(key, ":")
	all, ok := keys[service]
	if !ok {
		return true
	}
	name, _, tag := strings.Cut(name, "/")
	if tag {
		return slices.Contains(all.tags, name)
	}
	return slices.Contains(all.plain, name)
}
