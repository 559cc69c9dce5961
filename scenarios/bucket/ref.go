package bucket

// The pages that the rules of this area are taken from.
const (
	api = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	ug  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	refCreate   = api + "API_CreateBucket.html"
	refConfig   = api + "API_CreateBucketConfiguration.html"
	refHead     = api + "API_HeadBucket.html"
	refDelete   = api + "API_DeleteBucket.html"
	refList     = api + "API_ListBuckets.html"
	refLocation = api + "API_GetBucketLocation.html"
	refErrors   = api + "ErrorResponses.html#ErrorCodeList"
	refNames    = ug + "bucketnamingrules.html#general-purpose-bucket-names"
	refOwner    = ug + "bucket-owner-condition.html"
)
