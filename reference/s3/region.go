package s3

import (
	"slices"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var anyLocation = fault.NewBug("bucket.any-location",
	"CreateBucket takes a location constraint that is no region", "B-07")

// defaultRegion is the region with rules of its own: its buckets have no
// location constraint, and none may name it.
const defaultRegion = "us-east-1"

// regions are the location constraints that S3 knows.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
var regions = []string{
	"EU", "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
	"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1",
	"cn-north-1", "cn-northwest-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
	"eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
	"sa-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
}

// checkLocation holds the LocationConstraint of a CreateBucket, "" when it has
// none, against the region of this server.
func checkLocation(region, constraint string) error {
	switch {
	case constraint == region && region != defaultRegion:
		return nil
	case constraint == "" && region == defaultRegion:
		return nil
	case constraint == "EU" && region == "eu-west-1":
		return nil
	case constraint == "":
		return errcode.New(errcode.IllegalLocationConstraint,
			"The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case !slices.Contains(regions, constraint) && anyLocation.On():
		return nil
	case !slices.Contains(regions, constraint):
		return errcode.New(errcode.InvalidLocationConstraint, "The specified location-constraint is not valid").
			With("LocationConstraint", constraint)
	}
	return errcode.New(errcode.IllegalLocationConstraint,
		"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", constraint)
}
