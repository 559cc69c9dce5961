package s3

import (
	"net/http"
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// objectAttributes are the names that x-amz-object-attributes may hold.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
var objectAttributes = []string{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}

var (
	partsUnpaged = fault.NewBug("object.attributes-parts-unpaged",
		"GetObjectAttributes ignores x-amz-max-parts", "O-27")
	headerOptional = fault.NewBug("object.attributes-header-optional",
		"GetObjectAttributes without x-amz-object-attributes returns nothing", "O-27")
	allAttributes = fault.NewBug("object.attributes-all",
		"GetObjectAttributes returns every attribute, asked for or not", "O-27")
	unknownAttribute = fault.NewBug("object.attributes-unknown-ignored",
		"GetObjectAttributes ignores attributes that do not exist", "O-27")
	firstAttribute = fault.NewBug("object.attributes-one-a-header",
		"GetObjectAttributes takes one attribute from each header", "O-27")
	attributes400 = fault.NewBug("object.attributes-missing-400",
		"GetObjectAttributes of a key that does not exist fails with 400", "O-27")
	sizeInKiB = fault.NewBug("object.attributes-size",
		"ObjectSize is rounded up to 1 KiB", "O-27", "V-21")
	attributesStandard = fault.NewBug("object.attributes-standard",
		"GetObjectAttributes says that every object is in STANDARD", "O-27")
	partsUnlisted = fault.NewBug("object.attributes-one-part",
		"GetObjectAttributes leaves out ObjectParts of an object of one part", "O-27")
	maxUnsaid = fault.NewBug("object.attributes-max-parts-unsaid",
		"GetObjectAttributes does not say its MaxParts", "O-27")
)

func (q *request) getAttributes() error {
	want, err := q.wantedAttributes()
	if err != nil {
		return err
	}
	page, err := parsePartsPage(q.header("X-Amz-Part-Number-Marker"), q.header("X-Amz-Max-Parts"))
	if err != nil {
		return err
	}
	if partsUnpaged.On() {
		page.max = maxKeys
	}
	in := q.headInput()
	in.ForAttributes, in.WithParts = true, want["ObjectParts"]
	if in.Customer, err = q.customer(hCustomer); err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.Head(q.ctx, in)
	if errcode.Of(err) == errcode.NoSuchKey && attributes400.On() {
		return &errcode.Error{Code: errcode.InvalidRequest}
	}
	if err != nil {
		return err
	}
	v := &res.Version
	q.set("Last-Modified", httpDate(v.Modified))
	q.setVersion(res.ShowVersion, v.ID)

	x := q.h.buffers.xml()
	x.root("GetObjectAttributesResponse")
	if want["ETag"] {
		x.text("ETag", v.ETag)
	}
	if c := v.Checksum; want["Checksum"] && c.Algorithm != "" {
		x.open("Checksum")
		// S3 was seen to leave out the number of parts of a composite value here.
		// https://github.com/floci-io/floci/issues/3083
		c.Value, _, _ = strings.Cut(c.Value, "-")
		x.checksum(c)
		x.end("Checksum")
	}
	if want["ObjectParts"] && len(v.Parts) > 0 && (len(v.Parts) > 1 || !partsUnlisted.On()) {
		x.objectParts(v.Parts, page)
	}
	if want["StorageClass"] {
		class := storageClassOf(v.Attributes)
		if class != standard && attributesStandard.On() {
			class = standard
		}
		x.text("StorageClass", class)
	}
	if want["ObjectSize"] && sizeInKiB.On() {
		v.Size = (v.Size + 1023) &^ 1023
	}
	if want["ObjectSize"] {
		x.int("ObjectSize", v.Size)
	}
	x.end("GetObjectAttributesResponse")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) wantedAttributes() (map[string]bool, error) {
	values := q.r.Header["X-Amz-Object-Attributes"]
	if len(values) == 0 && !headerOptional.On() {
		return nil, errcode.New(errcode.InvalidRequest, "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	want := map[string]bool{}
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.TrimSpace(name)
			if !slices.Contains(objectAttributes, name) && unknownAttribute.On() {
				continue
			}
			if !slices.Contains(objectAttributes, name) {
				return nil, argument("Invalid attribute name specified.", "x-amz-object-attributes", name)
			}
			want[name] = true
			if firstAttribute.On() {
				break
			}
		}
	}
	for _, name := range objectAttributes {
		if !want[name] && allAttributes.On() {
			want[name] = true
		}
	}
	return want, nil
}

// A partsPage is what part-number-marker and max-parts ask for.
type partsPage struct{ after, max int }

var partsUncapped = fault.NewBug("multipart.list-parts-uncapped",
	"ListParts returns as many parts as max-parts asks for", "M-19")

// parsePartsPage reads the two limits of a listing of parts.
func parsePartsPage(marker, limit string) (partsPage, error) {
	p := partsPage{max: maxKeys}
	var err error
	if marker != "" {
		if p.after, err = parseCount("part-number-marker", marker); err != nil {
			return p, err
		}
	}
	if limit != "" {
		if p.max, err = parseCount("max-parts", limit); err != nil {
			return p, err
		}
		if p.max > maxKeys && !partsUncapped.On() {
			p.max = maxKeys
		}
	}
	return p, nil
}

var partsCountShown = fault.NewBug("object.attributes-parts-count",
	"PartsCount of GetObjectAttributes is that of the page", "O-27")

// objectParts appends one page of the parts that an object was made of. Part
// elements are for parts with checksums only, as S3 documents.
func (x *xmlBuf) objectParts(parts []object.PartInfo, page partsPage) {
	first, _ := slices.BinarySearchFunc(parts, page.after+1, func(p object.PartInfo, n int) int { return p.Number - n })
	rest := parts[first:]
	shown := rest[:min(page.max, len(rest))]
	next := page.after
	if len(shown) > 0 {
		next = shown[len(shown)-1].Number
	}
	x.open("ObjectParts")
	count := len(parts)
	if len(shown) < count && partsCountShown.On() {
		count = len(shown)
	}
	x.int("PartsCount", int64(count))
	x.int("PartNumberMarker", int64(page.after))
	x.int("NextPartNumberMarker", int64(next))
	if !maxUnsaid.On() {
		x.int("MaxParts", int64(page.max))
	}
	x.bool("IsTruncated", len(shown) < len(rest))
	for i := range shown {
		p := &shown[i]
		if p.Checksum.Algorithm == "" {
			continue
		}
		x.open("Part")
		x.int("PartNumber", int64(p.Number))
		x.int("Size", p.Size)
		x.checksumValue(p.Checksum)
		x.end("Part")
	}
	x.end("ObjectParts")
}

// checksum appends a checksum's value and type.
func (x *xmlBuf) checksum(c object.Checksum) {
	x.checksumValue(c)
	x.some("ChecksumType", c.Type)
}

var newValueUnlisted = fault.NewBug("checksum.new-value-unlisted",
	"no document tells the value of an MD5, SHA512 or xxHash checksum", "checksum.shown.attributes.*", "checksum.new.parts.*", "checksum.new.attributes-parts.*")

var valuesUnlisted = fault.NewBug("checksum.values-unlisted",
	"no document tells the value of a checksum", "K-13", "K-09", "K-10", "K-12")

func (x *xmlBuf) checksumValue(c object.Checksum) {
	if checksum.Algorithm(c.Algorithm).Of2026() && newValueUnlisted.On() {
		return
	}
	if c.Algorithm != "" && c.Value != "" && !valuesUnlisted.On() {
		x.text(checksumElement(c.Algorithm), c.Value)
	}
}

func storageClassOf(a object.Attributes) string {
	if a.StorageClass == "" {
		return standard
	}
	return a.StorageClass
}
