package s3

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	subDropped = fault.NewBug("wire.sub-resource-dropped",
		"DELETE of a bucket's sub-resource that is not implemented deletes the bucket", "X-25")
	keySubDropped = fault.NewBug("wire.key-sub-resource-dropped",
		"an operation on a sub-resource of a key that is not implemented is done to the object", "X-25")
	methodFolded = fault.NewBug("wire.method-in-lower-case",
		"a method may be written in lower case", "X-09")
	methodUnknown = fault.NewBug("wire.unknown-method-is-get",
		"a method that nobody knows is taken for GET", "X-09")
	postIsPut = fault.NewBug("wire.post-is-put",
		"POST of a key stores its body", "X-09")
)

// An operation is one row of the table: what selects it and what serves it.
type operation struct {
	name   string // S3's name of it; the label of metrics and logs
	action string // what policies call it; "" is s3: and the name
	level  level
	method string
	sub    string // the query parameter that selects it, "" for none
	header string // the canonical header that selects it, "" for none
	params []string

	// serve answers a request that is authenticated and authorised; nil means
	// that the operation is known and not implemented.
	serve func(*request) error
	// open operations need no signature: a browser cannot sign them.
	open bool
	// grantable operations are those that an ACL can let anybody do, unsigned.
	// S3 was seen to refuse unsigned copies and uploads whatever the ACL says
	// (https://github.com/aws/aws-sdk-js/issues/512).
	grantable bool
	// signed operations need a signature though a bucket's policy lets anybody
	// do all that there is.
	signed bool
	// anyQuery operations take no notice of parameters that S3 does not know:
	// callers add those to the addresses of objects against caches. What
	// writes refuses them, as they might select what is not written here.
	// https://github.com/gaul/s3proxy/issues/189
	anyQuery bool
	// body says that the request carries bytes of client size, so that it is
	// bounded by progress instead of by Limits.Metadata.
	body bool
	// stream says that the body may come as aws-chunked.
	stream bool
	// integrity says that S3 demands a Content-MD5 or a checksum for the body.
	integrity bool
	// composite says that x-amz-checksum-* may be the composite value of a
	// multipart object ("...-3") and does not speak of the request's own body.
	composite bool
	// locks says that the headers of object lock speak of what it makes.
	locks bool
	// unset says that the operation speaks of a configuration that cannot be
	// set here, and always answers that it is not.
	unset bool

	index int // in the table
}

// permission is the action that a policy allows or denies.
func (op *operation) permission() string {
	if op.action != "" {
		return op.action
	}
	return "s3:" + op.name
}

// opens says that an ACL or a policy can let anybody do this, unsigned.
func (op *operation) opens() bool { return op.grantable || op.serve != nil && !op.signed }

// A resource is what one level and sub-resource offer.
type resource struct {
	methods map[string][]*operation // those with a selecting header first
	allow   string
}

// A router finds the operation of a request in the table.
type router struct {
	table []*operation
	by    [levels]map[string]*resource
	subs  map[string]bool // every name that selects at some level
}

// newRouter builds the index of table. It panics when two rows have the same
// selectors, which is a mistake in the program.
func newRouter(table []*operation) *router {
	rt := &router{table: table, subs: map[string]bool{}}
	for i, op := range table {
		op.index = i
		if op.sub != "" {
			rt.subs[op.sub] = true
		}
		if rt.by[op.level] == nil {
			rt.by[op.level] = map[string]*resource{}
		}
		res := rt.by[op.level][op.sub]
		if res == nil {
			res = &resource{methods: map[string][]*operation{}}
			rt.by[op.level][op.sub] = res
		}
		ops := res.methods[op.method]
		if slices.ContainsFunc(ops, func(o *operation) bool { return o.header == op.header }) {
			panic(fmt.Sprintf("s3: two operations for %s %q %q", op.method, op.sub, op.header))
		}
		if op.header != "" {
			ops = append([]*operation{op}, ops...)
		} else {
			ops = append(ops, op)
		}
		res.methods[op.method] = ops
	}
	for _, resources := range rt.by {
		for _, res := range resources {
			res.allow = allowed(res)
		}
	}
	return rt
}

func allowed(res *resource) string {
	var out []string
	for method := range res.methods {
		out = append(out, method)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// find returns the operation that t, method and h select. The error is
// MethodNotAllowed when the resource exists and the method does not, and
// otherwise says why nothing is selected: an unknown parameter is not skipped,
// so that no sub-resource of tomorrow becomes a plain PUT or DELETE today, but
// where an object is read. Parameters that begin with "x-" are free for clients' own use
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html#LogFormatCustom).
//
// A preflight has the parameters of the request that it asks for, and takes any.
func (rt *router) find(t *target, method string, h http.Header) (*operation, error) {
	lv := t.level()
	if method == http.MethodOptions && rt.has(lv, "", method) {
		return rt.by[lv][""].methods[method][0], nil
	}
	sub, err := rt.sub(t.query)
	if err != nil {
		return nil, err
	}
	res := rt.by[lv][sub]
	if res == nil && lv == keyLevel && len(rt.by[lv][""].methods[method]) > 0 && keySubDropped.On() {
		return rt.by[lv][""].methods[method][0], nil
	}
	if res == nil {
		return nil, rt.misplaced(lv, sub)
	}
	ops := res.methods[method]
	if method == http.MethodPost && lv == keyLevel && sub == "" && postIsPut.On() {
		ops = res.methods[http.MethodPut]
	}
	if len(ops) == 0 && method != http.MethodPatch && method != http.MethodOptions && methodUnknown.On() {
		ops = res.methods[http.MethodGet]
	}
	if len(ops) == 0 && methodFolded.On() {
		ops = res.methods[strings.ToUpper(method)]
	}
	if len(ops) == 0 {
		if lv == keyLevel && sub != "" && rt.has(bucketLevel, sub, method) {
			return nil, rt.misplaced(lv, sub)
		}
		return nil, errcode.New(errcode.MethodNotAllowed, "").WithHeader("Allow", res.allow).
			With("Method", method)
	}
	op := ops[len(ops)-1]
	for _, o := range ops {
		if o.header != "" && len(h[o.header]) > 0 {
			op = o
			break
		}
	}
	plain := rt.by[lv][""].methods[method]
	if (op.serve == nil || op.unset) && sub != "" && len(plain) > 0 && (lv == bucketLevel && method == http.MethodDelete && subDropped.On() || lv == keyLevel && keySubDropped.On()) {
		return plain[len(plain)-1], nil
	}
	return op, op.checkParams(t.query)
}

// sub returns the selecting parameter of a query.
func (rt *router) sub(query params) (string, error) {
	sub := ""
	for i := range query {
		name := query[i].name
		if name == sub || !rt.subs[name] {
			continue
		}
		if sub != "" {
			return "", errcode.New(errcode.InvalidArgument, "Conflicting query string parameters: %s, %s", sub, name).
				With("ArgumentName", "ResourceType").With("ArgumentValue", name)
		}
		sub = name
	}
	return sub, nil
}

func (rt *router) has(lv level, sub, method string) bool {
	res := rt.by[lv][sub]
	return res != nil && len(res.methods[method]) > 0
}

// misplaced is the answer to a sub-resource of one level asked for at another.
func (rt *router) misplaced(lv level, sub string) error {
	where := [levels]string{service: "the service", bucketLevel: "a bucket", keyLevel: "a key"}[lv]
	return errcode.New(errcode.InvalidRequest, "There is no such thing as the ?%s sub-resource for %s", sub, where)
}

// checkParams refuses parameters that the operation does not take.
func (op *operation) checkParams(query params) error {
	for i := range query {
		name := query[i].name
		if name == op.sub || slices.Contains(op.params, name) || isCustomParam(name) ||
			isMovedHeader(name) && query.value("X-Amz-Signature") != "" {
			continue
		}
		switch name {
		case "versionId":
			return argument("This operation does not accept a version-id.", name, query[i].value)
		case "partNumber":
			return errcode.New(errcode.InvalidRequest, "This operation does not accept a part number without an upload id.")
		}
		if op.anyQuery && name != "annotationName" {
			continue
		}
		return (&errcode.Error{Code: errcode.NotImplemented}).With("Parameter", name)
	}
	return nil
}

// isCustomParam says whether a parameter belongs to the client, the SDK (x-id)
// or the signature (X-Amz-*), and selects nothing.
func isCustomParam(name string) bool {
	return len(name) > 2 && (name[0] == 'x' || name[0] == 'X') && name[1] == '-'
}

// isMovedHeader says whether a parameter is a header that the SDK for
// JavaScript, version 2, moves into the query of a presigned request. S3 takes
// none but x-amz-* from there: what holds is the header that comes.
func isMovedHeader(name string) bool {
	return name == "Content-Type" || name == "Content-MD5" || name == "Cache-Control"
}

// argument is an InvalidArgument that names what is wrong.
func argument(message, name, value string) error {
	return (&errcode.Error{Code: errcode.InvalidArgument, Message: message}).
		With("ArgumentName", name).With("ArgumentValue", value)
}
