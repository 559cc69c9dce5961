package object

// The pages that the rules of this area are taken from.
const (
	api = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	ug  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	refPut        = api + "API_PutObject.html"
	refGet        = api + "API_GetObject.html"
	refHead       = api + "API_HeadObject.html"
	refDelete     = api + "API_DeleteObject.html"
	refDeleteMany = api + "API_DeleteObjects.html"
	refAttributes = api + "API_GetObjectAttributes.html"
	refObject     = api + "API_Object.html"
	refErrors     = api + "ErrorResponses.html#ErrorCodeList"
	refMetadata   = ug + "UsingMetadata.html#UserMetadata"
	refSystem     = ug + "UsingMetadata.html#SysMetadata"
	refKeys       = ug + "object-keys.html"
	refWelcome    = ug + "Welcome.html#ConsistencyModel"

	rfc9110 = "https://www.rfc-editor.org/rfc/rfc9110.html"
)
