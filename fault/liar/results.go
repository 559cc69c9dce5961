package liar

const (
	xmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	space   = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	copied  = `<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag>`
	owner   = `<Owner><ID>0</ID></Owner>`
)

// results are documents of operations that worked, of no use to anybody.
var results = map[string]string{
	"ListBuckets":             xmlHead + `<ListAllMyBucketsResult` + space + `>` + owner + `<Buckets/></ListAllMyBucketsResult>`,
	"ListObjects":             xmlHead + `<ListBucketResult` + space + `><Name/><Prefix/><Marker/><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>`,
	"ListObjectsV2":           xmlHead + `<ListBucketResult` + space + `><Name/><Prefix/><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>`,
	"ListObjectVersions":      xmlHead + `<ListVersionsResult` + space + `><Name/><Prefix/><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListVersionsResult>`,
	"ListMultipartUploads":    xmlHead + `<ListMultipartUploadsResult` + space + `><Bucket/><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`,
	"ListParts":               xmlHead + `<ListPartsResult` + space + `><Bucket/><Key/><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated></ListPartsResult>`,
	"CopyObject":              xmlHead + `<CopyObjectResult` + space + `>` + copied + `</CopyObjectResult>`,
	"UploadPartCopy":          xmlHead + `<CopyPartResult` + space + `>` + copied + `</CopyPartResult>`,
	"DeleteObjects":           xmlHead + `<DeleteResult` + space + `/>`,
	"CreateMultipartUpload":   xmlHead + `<InitiateMultipartUploadResult` + space + `><Bucket/><Key/><UploadId>0</UploadId></InitiateMultipartUploadResult>`,
	"CompleteMultipartUpload": xmlHead + `<CompleteMultipartUploadResult` + space + `><ETag>"d41d8cd98f00b204e9800998ecf8427e-1"</ETag></CompleteMultipartUploadResult>`,
	"GetObjectAttributes":     xmlHead + `<GetObjectAttributesResponse` + space + `/>`,
	"GetObjectTagging":        xmlHead + `<Tagging` + space + `><TagSet/></Tagging>`,
	"GetBucketTagging":        xmlHead + `<Tagging` + space + `><TagSet/></Tagging>`,
	"GetBucketLocation":       xmlHead + `<LocationConstraint` + space + `/>`,
	"GetBucketVersioning":     xmlHead + `<VersioningConfiguration` + space + `/>`,
	"GetObjectAcl":            xmlHead + `<AccessControlPolicy` + space + `>` + owner + `<AccessControlList/></AccessControlPolicy>`,
	"GetBucketAcl":            xmlHead + `<AccessControlPolicy` + space + `>` + owner + `<AccessControlList/></AccessControlPolicy>`,
}
