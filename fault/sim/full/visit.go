package full

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Visitors are an application that uses the AWS SDK as applications do, its
// retries included: it writes objects, each once, and reads through other nodes
// what was acknowledged.
type visitors struct {
	c      *cluster
	by     []*s3.Client // of each endpoint
	rand   *rand.Rand
	stop   context.CancelFunc
	over   chan struct{}
	calls  int
	broken []string
	free   func()
}

const (
	visitEvery = 2 * time.Second
	visited    = "visited"
)

// visit sends them off.
func (c *cluster) visit(ctx context.Context) *visitors {
	v := &visitors{c: c, rand: rand.New(rand.NewPCG(c.o.Schedule.Seed, 0x766973)), over: make(chan struct{})}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.dialClient(ctx, network, addr)
	}}
	v.free = transport.CloseIdleConnections
	for _, url := range c.urls() {
		v.by = append(v.by, s3.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: transport, Timeout: request},
			Credentials: credentials.NewStaticCredentialsProvider(user.AccessKey, user.SecretKey, ""),
		}, func(o *s3.Options) { o.UsePathStyle = true }))
	}
	ctx, v.stop = context.WithCancel(ctx)
	go func() {
		defer close(v.over)
		defer v.free()
		for n := 0; sleep(ctx, visitEvery/2+time.Duration(v.rand.Int64N(int64(visitEvery)))); n++ {
			v.call(ctx, n)
		}
	}()
	return v
}

func (v *visitors) any() *s3.Client { return v.by[v.rand.IntN(len(v.by))] }

// call writes an object and reads it. What fails for want of a quorum says
// nothing; an object that was acknowledged and is another, or is gone, does.
func (v *visitors) call(ctx context.Context, n int) {
	key, body := fmt.Sprintf("%06d", n), bytes.Repeat([]byte{byte(n)}, 1+v.rand.IntN(64<<10))
	if v.calls == 0 {
		if _, err := v.any().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(visited)}); err != nil && !answered(err, http.StatusConflict) {
			return
		}
		v.calls++
	}
	if _, err := v.any().PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(visited), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		return
	}
	v.calls++
	out, err := v.any().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(visited), Key: &key})
	if err != nil {
		if answered(err, http.StatusNotFound) {
			v.broken = append(v.broken, fmt.Sprintf("object %s/%s was acknowledged and is not there: %v", visited, key, err))
		}
		return
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if err == nil && !bytes.Equal(got, body) {
		v.broken = append(v.broken, fmt.Sprintf("object %s/%s is not what was written", visited, key))
	}
	if err == nil {
		v.calls++
	}
}

func answered(err error, status int) bool {
	re, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	return ok && re.HTTPStatusCode() == status
}

// end calls them back, and tells what they found.
func (v *visitors) end(out *Outcome) (calls int) {
	v.stop()
	<-v.over
	out.Violations = append(out.Violations, v.broken...)
	return v.calls
}
