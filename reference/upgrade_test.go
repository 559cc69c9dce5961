package reference_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/reference"
)

// A cluster of an older program is upgraded one node after the other: as long as
// one is older what is new is refused, and the rest goes on as before.
func TestRollingUpgrade(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	older := func(c *reference.Config) { c.Cluster.StateVersion = 2 }
	c := reference.StartCluster(t, 3, func(_ int, conf *reference.Config) { older(conf) })
	client := func(i int) *s3.Client {
		return s3.NewFromConfig(c.Node(i).AWS, func(o *s3.Options) { o.UsePathStyle, o.Retryer = true, aws.NopRetryer{} })
	}
	if _, err := client(0).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	ruled := func(i int) error {
		_, err := client(i).PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: aws.String("bucket"), CORSConfiguration: &types.CORSConfiguration{
			CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}}}}})
		return err
	}
	sealed := func(i int, key string, by types.ServerSideEncryption) (types.ServerSideEncryption, error) {
		out, err := client(i).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader([]byte(key)), ServerSideEncryption: by})
		if err != nil {
			return "", err
		}
		return out.ServerSideEncryption, nil
	}
	for round := range 3 {
		for i := range 3 {
			if got := code(ruled(i)); got != "ServiceUnavailable" {
				t.Errorf("round %d, node %d: what is new: got %q, want ServiceUnavailable", round, i, got)
			}
			if by, err := sealed(i, fmt.Sprintf("old/%d/%d", round, i), ""); err != nil || by != "" {
				t.Errorf("round %d, node %d: a plain object: %v, encrypted by %q", round, i, err, by)
			}
			if _, err := sealed(i, "new", types.ServerSideEncryptionAes256); code(err) != "ServiceUnavailable" {
				t.Errorf("round %d, node %d: an encrypted object: got %v, want ServiceUnavailable", round, i, err)
			}
		}
		c.Kill(round)
		c.Restart(round, func(conf *reference.Config) { conf.Cluster.StateVersion = 0 })
		c.AwaitEqual()
	}
	await(t, "the state is raised", func() bool { return ruled(1) == nil })
	for i := range 3 {
		if by, err := sealed(i, "new", ""); err != nil || by != types.ServerSideEncryptionAes256 {
			t.Errorf("node %d: an object of the newer cluster: %v, encrypted by %q", i, err, by)
		}
		for round := range 3 {
			key := fmt.Sprintf("old/%d/%d", round, i)
			if b, err := get(client(2-i), key); err != nil || string(b) != key {
				t.Errorf("%s: %q, %v", key, b, err)
			}
		}
	}
	c.AwaitEqual()
	c.Kill(2)
	if err := c.TryRestart(2, older); err == nil {
		t.Error("a node of the older program runs on the state of the newer one")
	}
	c.Restart(2, func(conf *reference.Config) { conf.Cluster.StateVersion = 0 })
}
