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

// baseOf is the host of the endpoint that a request goes to, as buckets stand
// before it where they are named in the host.
func (s *S) baseOf(host string) string {
	virtual := s.session.Target.Addressing == VirtualStyle
	for _, u := range s.session.Target.Endpoints {
		base := u.Host
		if virtual {
			base = virtualBase(u)
		}
		if host == base || virtual && strings.HasSuffix(host, "."+base) {
			return base
		}
	}
	if virtual {
		return virtualBase(s.endpoint)
	}
	return s.endpoint.Host
}
