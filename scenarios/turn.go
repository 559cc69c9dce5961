package scenarios

import (
	"context"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// turns spreads the requests of a scenario over the endpoints of the target,
// each to the next one, so that what was written through one node is read
// through another. Its methods may be called together.
type turns struct {
	endpoints []*url.URL
	n         atomic.Uint32
}

func (t *turns) next() *url.URL {
	return t.endpoints[int(t.n.Add(1)-1)%len(t.endpoints)]
}

// A turnResolver has each request of an SDK client take its turn.
type turnResolver struct {
	turns   *turns
	virtual bool // buckets are named in the host
	inner   s3.EndpointResolverV2
}

// ResolveEndpoint implements s3.EndpointResolverV2.
func (r *turnResolver) ResolveEndpoint(ctx context.Context, p s3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	p.Endpoint = aws.String(sdkBase(r.turns.next(), r.virtual))
	return r.inner.ResolveEndpoint(ctx, p)
}

// sdkBase is the address from which the SDK makes those of buckets.
func sdkBase(u *url.URL, virtual bool) string {
	if virtual {
		return u.Scheme + "://" + virtualBase(u)
	}
	return u.String()
}

// endpointOf is the endpoint that a host is of, also with a bucket before it;
// the first one, if it is of none.
func (s *S) endpointOf(host string) *url.URL {
	for _, u := range s.turns.endpoints {
		if base := virtualBase(u); host == u.Host || host == base || strings.HasSuffix(host, "."+base) {
			return u
		}
	}
	return s.endpoint
}
