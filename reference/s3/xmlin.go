package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/sigv4"
)

var (
	entitiesLiteral = fault.NewBug("wire.entities-literal",
		"a document may name entities that are not defined, which are read as they stand", "X-13")
	emptyPanics = fault.NewBug("wire.empty-document-panics",
		"a request that lacks its document is answered 500", "X-16")
	typePanics = fault.NewBug("wire.document-type-panics",
		"a document with a document type declaration is answered 500", "X-13")
	depthPanics = fault.NewBug("wire.deep-document-panics",
		"a document that is nested deeply is answered 500", "X-14")
	documentHashUnverified = fault.NewBug("auth.document-hash-unverified",
		"the signed hash of a document is not compared with it", "AN-10")
	documentMD5Unverified = fault.NewBug("checksum.document-md5-unverified",
		"the Content-MD5 of a document is not compared with it", "K-15", "O-16")
	documentSumUnverified = fault.NewBug("checksum.document-unverified",
		"the checksum of a document is not compared with it", "K-15")
	newDocumentSum = fault.NewBug("checksum.new-document-unverified",
		"an MD5, SHA512 or xxHash of a document is not compared with it", "checksum.enough.delete-objects.*", "checksum.new.object-tagging")
)

// Bounds of a document from a client. The largest honest one is a
// CompleteMultipartUpload of 10,000 parts with checksums: 1.5 MiB, 40,000
// elements, 3 levels.
const (
	maxXML      = 2 << 20 // bytes
	maxElements = 100_000
	maxDepth    = 12
)

// An element is a decoded XML element: either text or children matter. Names
// are local: S3 accepts its namespace, another and none. Of its attributes only
// xsi:type matters.
type element struct {
	name string
	kind string // xsi:type
	text string
	kids []element
}

// child returns the text of the only child called name, "" when there is none.
// A child that comes twice is an error: it is not for the server to choose.
func (e *element) child(name string) (string, bool, error) {
	text, found := "", false
	for i := range e.kids {
		if e.kids[i].name != name {
			continue
		}
		if found {
			return "", false, malformed("element " + name + " occurs twice")
		}
		text, found = e.kids[i].text, true
	}
	return text, found, nil
}

// one returns the only child called name, nil when there is none.
func (e *element) one(name string) (*element, error) {
	if _, _, err := e.child(name); err != nil {
		return nil, err
	}
	for i := range e.kids {
		if e.kids[i].name == name {
			return &e.kids[i], nil
		}
	}
	return nil, nil
}

// only fails when e has a child with another name: what the server does not
// know it must not skip.
func (e *element) only(names ...string) error {
next:
	for i := range e.kids {
		for _, n := range names {
			if e.kids[i].name == n {
				continue next
			}
		}
		return malformed("element " + e.name + " has an unknown child " + e.kids[i].name)
	}
	return nil
}

func malformed(why string) error {
	return errcode.Wrap(errcode.MalformedXML, errors.New(why))
}

// parseXML decodes a document whose root must be called root. It refuses
// document type declarations (and with them every entity but the five of XML
// itself), processing instructions, deep nesting and anything behind the root.
func parseXML(data []byte, root string) (*element, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	p := treeParser{dec: xml.NewDecoder(bytes.NewReader(data))}
	p.dec.Strict = !entitiesLiteral.On()
	for {
		tok, err := p.dec.Token()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = p.token(tok)
		}
		if err != nil {
			return nil, errcode.Wrap(errcode.MalformedXML, err)
		}
	}
	if p.root == nil || p.root.name != root {
		return nil, malformed("the root element is not " + root)
	}
	return p.root, nil
}

// A treeParser builds the tree. The path to the open element is kept as indices
// would be: children are appended by value when they are closed.
type treeParser struct {
	dec   *xml.Decoder
	root  *element
	open  []element
	count int
}

func (p *treeParser) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		if p.count++; p.count > maxElements {
			return errors.New("too many elements")
		}
		if len(p.open) == maxDepth && depthPanics.On() {
			panic("elements are nested too deeply")
		}
		if len(p.open) == maxDepth {
			return errors.New("elements are nested too deeply")
		}
		if p.root != nil {
			return errors.New("more than one root element")
		}
		e := element{name: t.Name.Local}
		for _, a := range t.Attr {
			if a.Name.Local == "type" {
				e.kind = a.Value
			}
		}
		p.open = append(p.open, e)
	case xml.EndElement:
		last := len(p.open) - 1
		done := p.open[last]
		p.open = p.open[:last]
		if last == 0 {
			p.root = &done
			return nil
		}
		parent := &p.open[last-1]
		parent.kids = append(parent.kids, done)
	case xml.CharData:
		if len(p.open) > 0 {
			p.open[len(p.open)-1].text += string(t)
		} else if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside the root element")
		}
	case xml.ProcInst:
		if t.Target != "xml" || p.root != nil || len(p.open) > 0 {
			return fmt.Errorf("processing instruction %q", t.Target)
		}
	case xml.Directive:
		if typePanics.On() {
			panic("a document type declaration")
		}
		return errors.New("document type declarations are not accepted")
	}
	return nil
}

// readXML reads, checks and decodes the request's document. An empty body is
// reported as (nil, nil); whether that is an error is the operation's matter.
func (q *request) readXML(root string) (*element, error) {
	x := q.h.buffers.xml()
	defer q.h.buffers.putXML(x)
	if err := q.readDocument(x); err != nil || len(x.b) == 0 {
		if err == nil && (q.op.integrity || q.op.composite) && emptyPanics.On() {
			panic("no document")
		}
		return nil, err
	}
	return parseXML(x.b, root)
}

// readRule reads a document that has to have one Rule and nothing beside it.
func (q *request) readRule(root string) (*element, error) {
	e, err := q.readXML(root)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if err := e.only("Rule"); err != nil {
		return nil, err
	}
	if len(e.kids) != 1 {
		return nil, malformed(root + " has one Rule")
	}
	return &e.kids[0], nil
}

// readDocument reads the request's document into x and checks it against what
// the client claims of it.
func (q *request) readDocument(x *xmlBuf) error {
	if q.r.ContentLength > maxXML {
		return tooLong()
	}
	if q.r.ContentLength == 0 {
		return nil
	}
	// The document, its tree and its strings: a small multiple of its size.
	if err := q.reserve(4 * q.xmlSize()); err != nil {
		return err
	}
	buf := bytes.NewBuffer(x.b)
	_, err := buf.ReadFrom(io.LimitReader(&bodyReader{q: q}, maxXML+1))
	x.b = buf.Bytes()
	if err != nil {
		return err
	}
	if len(x.b) > maxXML {
		return tooLong()
	}
	return q.verifyXML(x.b)
}

// xmlSize is what the document may take, in bytes.
func (q *request) xmlSize() int64 {
	if q.r.ContentLength < 0 {
		return maxXML
	}
	return q.r.ContentLength
}

func tooLong() error {
	return (&errcode.Error{Code: errcode.MaxMessageLengthExceeded}).With("MaxMessageLengthBytes", itoa(maxXML))
}

var (
	digestOptional = fault.NewBug("object.delete-many-no-digest",
		"DeleteObjects needs neither Content-MD5 nor a checksum", "O-22", "K-15")
	documentUnchecked = fault.NewBug("checksum.document-not-verified",
		"the Content-MD5 and the checksum of a document are not verified", "K-15", "O-16")
	sumDemanded = fault.NewBug("object.delete-many-checksum-demanded",
		"Content-MD5 without a checksum is not enough for DeleteObjects", "O-28", "K-15")
	md5Demanded = fault.NewBug("checksum.delete-many-md5-demanded",
		"a checksum without Content-MD5 is not enough for DeleteObjects", "K-15")
)

// verifyXML holds the document to what the client claimed of it.
func (q *request) verifyXML(data []byte) error {
	if id := q.identity; id != nil && id.Payload == sigv4.Signed {
		sum := sha256.Sum256(data)
		if subtle.ConstantTimeCompare(sum[:], id.SHA256[:]) != 1 && !documentHashUnverified.On() {
			return &errcode.Error{Code: errcode.XAmzContentSHA256Mismatch}
		}
	}
	c, err := q.claims()
	if err != nil {
		return err
	}
	deletes := q.op.name == "DeleteObjects"
	if len(data) > 0 && q.op.integrity && c.none() && !(deletes && digestOptional.On()) ||
		deletes && c.md5 == nil && md5Demanded.On() || deletes && c.sum.Algorithm == "" && sumDemanded.On() {
		return errcode.New(errcode.InvalidRequest, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	if documentUnchecked.On() {
		return nil
	}
	if c.md5 != nil {
		if sum := md5.Sum(data); !bytes.Equal(sum[:], c.md5) && !documentMD5Unverified.On() {
			return errcode.New(errcode.BadDigest, "The Content-MD5 you specified did not match what we received.")
		}
	}
	if c.sum.Algorithm == "" || q.op.composite {
		return nil
	}
	a := checksum.Algorithm(c.sum.Algorithm)
	hash := a.New()
	hash.Write(data)
	if checksum.Encode(hash.Sum(nil)) != c.sum.Value && !documentSumUnverified.On() && !(a.Of2026() && newDocumentSum.On()) {
		return errcode.New(errcode.BadDigest, "The %s you specified did not match the calculated checksum.", strings.ToUpper(string(a)))
	}
	return nil
}
