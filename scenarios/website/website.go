// Package website holds the rules of a bucket's configuration as a website, and of
// what an endpoint for websites makes of it.
package website

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	. "bleepstore/scenarios"
)

const (
	api = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	sdk = "s3@v1.114.8 "

	apiPut    = api + "API_PutBucketWebsite.html"
	apiConfig = api + "API_WebsiteConfiguration.html"
)

var needs = []Feature{Buckets, Website}

const index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>"

func put(bucket, inner string) Request {
	body := []byte(`<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inner + "</WebsiteConfiguration>")
	return Request{Method: "PUT", Bucket: bucket, Query: "website=", Body: body, Header: [][2]string{ContentMD5(body)}}
}

// vocabulary are the elements of a configuration. What a server adds of its own is
// for its own clients.
var vocabulary = strings.Fields(`WebsiteConfiguration IndexDocument Suffix ErrorDocument Key RedirectAllRequestsTo HostName Protocol
	RoutingRules RoutingRule Condition KeyPrefixEquals HttpErrorCodeReturnedEquals Redirect HttpRedirectCode ReplaceKeyWith ReplaceKeyPrefixWith`)

// flat is a document as the paths and texts of its leaves. The order of routing
// rules counts, and no other.
func flat(doc []byte) (map[string][]string, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var path []string
	leaves, rule := map[string][]string{}, 0
	text := ""
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && len(path) == 0 {
			return leaves, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if !slices.Contains(vocabulary, t.Name.Local) {
				if err := d.Skip(); err != nil {
					return nil, err
				}
				continue
			}
			if path, text = append(path, t.Name.Local), ""; t.Name.Local == "RoutingRule" {
				rule = len(leaves[path[1]])
			}
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			if s := strings.TrimSpace(text); s != "" && len(path) > 1 {
				leaves[path[1]] = append(leaves[path[1]], strings.Join(path[1:], "/")+"="+s)
			}
			switch {
			case t.Name.Local == "RoutingRule":
				slices.Sort(leaves[path[1]][rule:])
			case len(path) == 2 && t.Name.Local != "RoutingRules":
				slices.Sort(leaves[path[1]])
			}
			path, text = path[:len(path)-1], ""
		}
	}
}

// reads waits until the bucket's configuration is inner.
func reads(ctx context.Context, s *S, bucket, inner string) error {
	want, err := flat(put(bucket, inner).Body)
	if err != nil {
		return err
	}
	return Settled(ctx, s, "the website reads back", func() error {
		r := s.Send(ctx, Request{Bucket: bucket, Query: "website="})
		if ok, _ := OK().Match(r); !ok {
			return errors.New(Outcome(r))
		}
		got, err := flat(r.Body)
		if err == nil && !cmp.Equal(want, got) {
			err = fmt.Errorf("it reads %v, want %v", got, want)
		}
		return err
	})
}

func none(ctx context.Context, s *S, bucket string) error {
	return Settled(ctx, s, "there is no website", func() error {
		r := s.Send(ctx, Request{Bucket: bucket, Query: "website="})
		if gone, _ := FailWith(404, "NoSuchWebsiteConfiguration").Match(r); !gone {
			return errors.New("GetBucketWebsite: " + Outcome(r))
		}
		return nil
	})
}

const everything = index + "<ErrorDocument><Key>errors/error.html</Key></ErrorDocument><RoutingRules>" +
	"<RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition>" +
	"<Redirect><Protocol>https</Protocol><HostName>example.com</HostName><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith><HttpRedirectCode>302</HttpRedirectCode></Redirect></RoutingRule>" +
	"<RoutingRule><Redirect><ReplaceKeyWith>other.html</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>"

// kept are configurations that must read back as they were put, each in place of
// the one before.
var kept = []string{
	index,
	"<RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>",
	everything,
	"<RedirectAllRequestsTo><HostName>example.com</HostName></RedirectAllRequestsTo>",
}

var _ = Add(Scenario{
	ID:    "website.put",
	Rule:  "WS-01",
	Says:  "PutBucketWebsite MUST answer 200, and the configuration MUST then read back in place of the one before.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutBucketWebsite",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, inner := range kept {
			s.Expect(s.Send(ctx, put(b, inner))).To(HaveStatus(200), inner)
			s.Expect(reads(ctx, s, b, inner)).To(OK(), inner)
		}
	},
})

var _ = Add(Scenario{
	ID:    "website.delete",
	Rule:  "WS-01",
	Says:  "DeleteBucketWebsite MUST remove the configuration, so that reading it fails with 404 NoSuchWebsiteConfiguration, and succeed again when there is none.",
	Ref:   api + "API_DeleteBucketWebsite.html",
	SDK:   sdk + "Client.DeleteBucketWebsite",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, index))
		s.Expect(r).To(OK(), "PutBucketWebsite")
		s.Must(reads(ctx, s, b, index), "read the website")
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "website="})).To(HaveStatus(200, 204)) // the page has both
			s.Expect(none(ctx, s, b)).To(OK())
		}
	},
})

var _ = Add(Scenario{
	ID:    "website.unset",
	Rule:  "WS-01",
	Says:  "GetBucketWebsite of a new bucket MUST fail with 404 NoSuchWebsiteConfiguration.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		s.Expect(s.Send(ctx, Request{Bucket: s.Bucket(ctx), Query: "website="})).To(FailWith(404, "NoSuchWebsiteConfiguration"))
	},
})

func rule(inner string) string {
	return index + "<RoutingRules><RoutingRule>" + inner + "</RoutingRule></RoutingRules>"
}

// refused are configurations that no bucket may have.
var refused = []struct{ id, says, ref, inner string }{
	{"nothing", "A website with neither an index document nor RedirectAllRequestsTo", apiPut, ""},
	{"suffix-empty", "An index document whose suffix is empty", api + "API_IndexDocument.html", "<IndexDocument><Suffix></Suffix></IndexDocument>"},
	{"suffix-slash", "An index document whose suffix has a slash", api + "API_IndexDocument.html", "<IndexDocument><Suffix>a/index.html</Suffix></IndexDocument>"},
	{"redirect-all-beside", "RedirectAllRequestsTo beside an index document", apiConfig, "<RedirectAllRequestsTo><HostName>example.com</HostName></RedirectAllRequestsTo>" + index},
	{"two-replacements", "A redirect with ReplaceKeyWith and ReplaceKeyPrefixWith", api + "API_Redirect.html",
		rule("<Redirect><ReplaceKeyPrefixWith>a</ReplaceKeyPrefixWith><ReplaceKeyWith>b</ReplaceKeyWith></Redirect>")},
	{"condition-empty", "A Condition with neither of its elements", api + "API_Condition.html", rule("<Condition></Condition><Redirect><HostName>example.com</HostName></Redirect>")},
	{"rules-over", "A website of 51 routing rules", apiPut,
		index + "<RoutingRules>" + strings.Repeat("<RoutingRule><Redirect><HostName>example.com</HostName></Redirect></RoutingRule>", 51) + "</RoutingRules>"},
	{"protocol", "A redirect by a protocol other than http and https", api + "API_Redirect.html", rule("<Redirect><Protocol>ftp</Protocol></Redirect>")},
}

func init() {
	for _, c := range refused {
		Add(Scenario{
			ID:    "website.refused." + c.id,
			Rule:  "WS-02",
			Says:  c.says + " MUST be refused with 400 and leave the bucket without a website.",
			Ref:   c.ref,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := s.Send(ctx, put(b, c.inner))
				s.Observe("answer", Outcome(r))
				s.Expect(r).To(FailWith(400))
				s.Expect(none(ctx, s, b)).To(OK(), "I0")
			},
		})
	}
}
