package s3

import (
	"net/http"

	"bleepstore/reference/errcode"
)

// A row is what the edge knows of an error code: its status, and the sentence
// for a client when the error brings none of its own.
type row struct {
	status  int
	message string
}

// rowOf returns the row of code. A code without one is a fault of the server,
// which the table's test rules out for those of errcode.
func rowOf(code errcode.Code) row {
	if r, ok := codes[code]; ok {
		return r
	}
	return row{http.StatusInternalServerError, "We encountered an internal error. Please try again."}
}

// codes is the one table from error code to status and default message.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
var codes = map[errcode.Code]row{
	errcode.AccessControlListNotSupported:     {400, "The bucket does not allow ACLs."},
	errcode.AccessDenied:                      {403, "Access Denied"},
	errcode.AccessForbidden:                   {403, "This CORS request is not allowed."},
	errcode.AuthorizationHeaderMalformed:      {400, "The authorization header that you provided is not valid."},
	errcode.AuthorizationQueryParametersError: {400, "The authorization query parameters that you provided are not valid."},
	errcode.BadDigest:                         {400, "The Content-MD5 or checksum value that you specified did not match what the server received."},
	errcode.BadRequest:                        {400, "An error occurred when parsing the HTTP request."},
	errcode.BucketAlreadyExists:               {409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Specify a different name and try again."},
	errcode.BucketAlreadyOwnedByYou:           {409, "Your previous request to create the named bucket succeeded and you already own it."},
	errcode.BucketNotEmpty:                    {409, "The bucket that you tried to delete is not empty."},
	errcode.ConditionalRequestConflict:        {409, "A conflicting conditional operation is currently in progress against this resource. Try again."},
	errcode.EncryptionConfigurationNotFound:   {404, "The server side encryption configuration was not found."},
	errcode.EntityTooLarge:                    {400, "Your proposed upload exceeds the maximum allowed object size."},
	errcode.EntityTooSmall:                    {400, "Your proposed upload is smaller than the minimum allowed object size."},
	errcode.IllegalLocationConstraint:         {400, "The location constraint is incompatible with the region that this request was sent to."},
	errcode.IllegalVersioningConfiguration:    {400, "The versioning configuration specified in the request is not valid."},
	errcode.IncompleteBody:                    {400, "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	errcode.InternalError:                     {500, "We encountered an internal error. Please try again."},
	errcode.InvalidAccessKeyID:                {403, "The access key ID that you provided does not exist in our records."},
	errcode.InvalidArgument:                   {400, "Invalid Argument"},
	errcode.InvalidBucketACLWithBlock:         {400, "Bucket cannot have public ACLs set with BlockPublicAccess enabled"},
	errcode.InvalidBucketACLWithOwnership:     {400, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"},
	errcode.InvalidBucketName:                 {400, "The specified bucket is not valid."},
	errcode.InvalidBucketOwnerAWSAccountID:    {400, "The value of the expected bucket owner parameter must be an AWS account ID."},
	errcode.InvalidBucketState:                {409, "The request is not valid for the current state of the bucket."},
	errcode.InvalidChunkSize:                  {403, "Only the last chunk is allowed to have a size less than 8192 bytes."},
	errcode.InvalidDigest:                     {400, "The Content-MD5 or checksum value that you specified is not valid."},
	errcode.InvalidLocationConstraint:         {400, "The specified location constraint is not valid."},
	errcode.InvalidPart:                       {400, "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag."},
	errcode.InvalidPartNumber:                 {416, "The requested partnumber is not satisfiable."},
	errcode.InvalidPartOrder:                  {400, "The list of parts was not in ascending order. The parts list must be specified in order by part number."},
	errcode.InvalidPolicyDocument:             {400, "The policy document of the form is not valid."},
	errcode.InvalidRange:                      {416, "The requested range is not satisfiable"},
	errcode.InvalidRedirectLocation:           {400, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."},
	errcode.InvalidRequest:                    {400, "The request is not valid."},
	errcode.InvalidStorageClass:               {400, "The storage class you specified is not valid"},
	errcode.InvalidTag:                        {400, "The tag provided was not a valid tag."},
	errcode.InvalidToken:                      {400, "The provided token is malformed or otherwise not valid."},
	errcode.InvalidURI:                        {400, "Couldn't parse the specified URI."},
	errcode.InvalidEncryptionAlgorithm:        {400, "The encryption request that you specified is not valid. The valid value is AES256."},
	errcode.KMSDisabled:                       {400, "The request was rejected because the specified KMS key is disabled."},
	errcode.KMSNotFound:                       {400, "The request was rejected because the specified KMS key could not be found."},
	errcode.KeyTooLong:                        {400, "Your key is too long."},
	errcode.MalformedACL:                      {400, "The ACL that you provided was not well formed or did not validate against our published schema."},
	errcode.MalformedPolicy:                   {400, "This policy contains invalid Json"},
	errcode.MalformedPOSTRequest:              {400, "The body of your POST request is not well-formed multipart/form-data."},
	errcode.MalformedTrailer:                  {400, "The request contained trailing data that was not well-formed or did not conform to our published schema."},
	errcode.MalformedXML:                      {400, "The XML you provided was not well-formed or did not validate against our published schema."},
	errcode.MaxMessageLengthExceeded:          {400, "Your request was too large."},
	errcode.MaxPostPreDataLengthExceeded:      {400, "The fields before the file of your POST request were too large."},
	errcode.MetadataTooLarge:                  {400, "Your metadata headers exceed the maximum allowed metadata size."},
	errcode.MethodNotAllowed:                  {405, "The specified method is not allowed against this resource."},
	errcode.MissingContentLength:              {411, "You must provide the Content-Length HTTP header."},
	errcode.MissingRequestBody:                {400, "Request body is empty."},
	errcode.MissingSecurityHeader:             {400, "Your request is missing a required header."},
	errcode.NoSuchBucket:                      {404, "The specified bucket does not exist"},
	errcode.NoSuchBucketPolicy:                {404, "The bucket policy does not exist"},
	errcode.NoSuchCORSConfiguration:           {404, "The CORS configuration does not exist"},
	errcode.NoSuchConfiguration:               {404, "The specified configuration does not exist."},
	errcode.NoSuchKey:                         {404, "The specified key does not exist."},
	errcode.NoSuchLifecycleConfiguration:      {404, "The lifecycle configuration does not exist"},
	errcode.NoSuchObjectLockConfiguration:     {404, "The specified object does not have a ObjectLock configuration"},
	errcode.NoSuchPublicAccessBlock:           {404, "The public access block configuration was not found"},
	errcode.NoSuchTagSet:                      {404, "The TagSet does not exist"},
	errcode.NoSuchUpload:                      {404, "The specified multipart upload does not exist. The upload ID might not be valid, or the multipart upload might have been aborted or completed."},
	errcode.NoSuchVersion:                     {404, "The specified version does not exist."},
	errcode.NoSuchWebsiteConfiguration:        {404, "The specified bucket does not have a website configuration"},
	errcode.NotImplemented:                    {501, "A header or query that you provided implies functionality that is not implemented."},
	errcode.NotModified:                       {304, "Not Modified"},
	errcode.ObjectLockConfigurationNotFound:   {404, "Object Lock configuration does not exist for this bucket"},
	errcode.OwnershipControlsNotFound:         {404, "The bucket ownership controls were not found"},
	errcode.PreconditionFailed:                {412, "At least one of the pre-conditions you specified did not hold"},
	errcode.ReplicationConfigurationNotFound:  {404, "The replication configuration was not found"},
	errcode.RequestHeaderSectionTooLarge:      {400, "The request header and query parameters used to make the request exceed the maximum allowed size."},
	errcode.RequestTimeTooSkewed:              {403, "The difference between the request time and the server's time is too large."},
	errcode.RequestTimeout:                    {400, "Your socket connection to the server was not read from or written to within the timeout period."},
	errcode.ServiceUnavailable:                {503, "Service is unable to handle request."},
	errcode.SignatureDoesNotMatch:             {403, "The request signature that the server calculated does not match the signature that you provided. Check your secret access key and signing method."},
	errcode.SlowDown:                          {503, "Please reduce your request rate."},
	errcode.TooManyBuckets:                    {400, "You have attempted to create more buckets than are allowed for each account."},
	errcode.UnexpectedContent:                 {400, "This request does not support content."},
	errcode.UnresolvableGrantByEmail:          {400, "The e-mail address you provided does not match any account on record."},
	errcode.XAmzContentSHA256Mismatch:         {400, "The provided 'x-amz-content-sha256' header does not match what was computed."},
}
