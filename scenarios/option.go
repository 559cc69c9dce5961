package scenarios

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An Opt changes one call of the SDK's client; every operation takes them.
type Opt = func(*s3.Options)

// Header sets a request header, before signing.
func Header(name, value string) Opt {
	return build("Header:"+name, func(r *smithyhttp.Request) { r.Header.Set(name, value) })
}

// Query sets a query parameter, before signing.
func Query(name, value string) Opt {
	return build("Query:"+name, func(r *smithyhttp.Request) {
		q := url.QueryEscape(name) + "=" + url.QueryEscape(value)
		if r.URL.RawQuery != "" {
			q = r.URL.RawQuery + "&" + q
		}
		r.URL.RawQuery = q
	})
}

func build(id string, change func(*smithyhttp.Request)) Opt {
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Build.Add(middleware.BuildMiddlewareFunc("scenario:"+id, func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
				r, ok := in.Request.(*smithyhttp.Request)
				if !ok {
					return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
				}
				change(r)
				return next.HandleBuild(ctx, in)
			}), middleware.After)
		})
	}
}

// IfMatch and IfNoneMatch make a call conditional on the key's ETag.
func IfMatch(etag string) Opt     { return Header("If-Match", etag) }
func IfNoneMatch(etag string) Opt { return Header("If-None-Match", etag) }

// InRange asks for a range of bytes: "bytes=0-4".
func InRange(spec string) Opt { return Header("Range", spec) }

// Meta sets one entry of user metadata.
func Meta(name, value string) Opt { return Header("x-amz-meta-"+name, value) }

// Version names a version of an object.
func Version(id string) Opt { return Query("versionId", id) }
