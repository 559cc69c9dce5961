package s3

import (
	"net/http"

	"bleepstore/reference/errcode"
)

// The configurations that this server lacks can still be read: what it answers
// is what S3 documents for a bucket where nobody has set them, which is true
// of every bucket here. Clients and tools that manage buckets read them all.
// Setting one is answered 501; deleting what is not there is no error in S3.

// unsetConfigurations are the rows that read and delete them.
func unsetConfigurations() []*operation {
	return append([]*operation{
		unset("GetBucketReplication", "replication", "GetReplicationConfiguration", answers(errcode.ReplicationConfigurationNotFound)),

		// No state is shown where none has ever been set.
		// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html
		unset("GetBucketAccelerateConfiguration", "accelerate", "GetAccelerateConfiguration", shows("AccelerateConfiguration", "")),
		unset("GetBucketLogging", "logging", "GetBucketLogging", shows("BucketLoggingStatus", "")),
		unset("GetBucketNotificationConfiguration", "notification", "GetBucketNotification", shows("NotificationConfiguration", "")),
		unset("GetBucketRequestPayment", "requestPayment", "GetBucketRequestPayment", shows("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>")),
		unset("GetBucketAnalyticsConfiguration", "analytics", "GetAnalyticsConfiguration", byID("ListBucketAnalyticsConfigurationResult"), listParams...),
		unset("GetBucketInventoryConfiguration", "inventory", "GetInventoryConfiguration", byID("ListInventoryConfigurationsResult"), listParams...),
		unset("GetBucketMetricsConfiguration", "metrics", "GetMetricsConfiguration", byID("ListMetricsConfigurationsResult"), listParams...),
		unset("GetBucketIntelligentTieringConfiguration", "intelligent-tiering", "GetIntelligentTieringConfiguration",
			byID("ListBucketIntelligentTieringConfigurationsOutput"), listParams...),
	},
		removal("DeleteBucketReplication", "replication", "PutReplicationConfiguration"))
}

// listParams are those of sub-resources that hold several configurations.
var listParams = []string{"id", "continuation-token"}

// unset is the row that reads one of them, in a bucket that must exist, for whom
// the action is allowed.
func unset(name, sub, action string, serve func(*request) error, params ...string) *operation {
	return &operation{name: name, action: "s3:" + action, level: bucketLevel, method: http.MethodGet, sub: sub, params: params, unset: true,
		serve: func(q *request) error {
			if _, err := q.readBucket(); err != nil {
				return err
			}
			return serve(q)
		}}
}

func removal(name, sub, action string) *operation {
	op := unset(name, sub, action, func(q *request) error { return q.reply(http.StatusNoContent) })
	op.method = http.MethodDelete
	return op
}

// answers refuses with what says that there is no such configuration.
func answers(code errcode.Code) func(*request) error {
	return func(*request) error { return &errcode.Error{Code: code} }
}

// shows answers a document whose root holds content, which is markup.
func shows(root, content string) func(*request) error {
	return func(q *request) error {
		x := q.h.buffers.xml()
		x.root(root)
		x.b = append(x.b, content...)
		x.end(root)
		return q.replyXML(http.StatusOK, x)
	}
}

// byID answers for one configuration that does not exist, or an empty list.
func byID(list string) func(*request) error {
	return func(q *request) error {
		if _, ok := q.query.get("id"); ok {
			return &errcode.Error{Code: errcode.NoSuchConfiguration}
		}
		return shows(list, "<IsTruncated>false</IsTruncated>")(q)
	}
}
