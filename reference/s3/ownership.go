package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	ownershipUnknown = fault.NewBug("publicaccess.unknown-ownership",
		"an ownership that does not exist is taken for ObjectWriter", "PB-08")
	documentOptional = fault.NewBug("publicaccess.document-optional",
		"PutPublicAccessBlock without a body turns everything off", "PB-01")
	switchUnread = fault.NewBug("publicaccess.switch-no-boolean",
		"a setting of the public access block that is no boolean is off", "PB-01")
	switchForgotten = fault.NewBug("publicaccess.switch-forgotten",
		"RestrictPublicBuckets is not stored", "PB-01", "PB-06")
)

func (q *request) getOwnership() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	if b.Access.Ownership == "" {
		return &errcode.Error{Code: errcode.OwnershipControlsNotFound}
	}
	x := q.h.buffers.xml()
	x.root("OwnershipControls")
	x.open("Rule")
	x.text("ObjectOwnership", string(b.Access.Ownership))
	x.end("Rule")
	x.end("OwnershipControls")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putOwnership() error {
	rule, err := q.readRule("OwnershipControls")
	if err != nil {
		return err
	}
	if err := rule.only("ObjectOwnership"); err != nil {
		return err
	}
	value, _, err := rule.child("ObjectOwnership")
	if err != nil {
		return err
	}
	if !isOwnership(value) && ownershipUnknown.On() {
		value = string(object.ObjectWriter)
	}
	if !isOwnership(value) {
		return malformed("unknown ObjectOwnership")
	}
	return q.setOwnership(object.Ownership(value), http.StatusOK)
}

func isOwnership(v string) bool {
	switch object.Ownership(v) {
	case object.BucketOwnerEnforced, object.BucketOwnerPreferred, object.ObjectWriter:
		return true
	}
	return false
}

func (q *request) deleteOwnership() error { return q.setOwnership("", http.StatusNoContent) }

func (q *request) setOwnership(o object.Ownership, status int) error {
	if err := q.h.cfg.Backend.SetOwnership(q.ctx, q.caller, q.bucket, o); err != nil {
		return err
	}
	return q.reply(status)
}

// switches are the elements of a PublicAccessBlockConfiguration.
var switches = []struct {
	name string
	of   func(*object.PublicAccessBlock) *bool
}{
	{"BlockPublicAcls", func(p *object.PublicAccessBlock) *bool { return &p.BlockPublicACLs }},
	{"IgnorePublicAcls", func(p *object.PublicAccessBlock) *bool { return &p.IgnorePublicACLs }},
	{"BlockPublicPolicy", func(p *object.PublicAccessBlock) *bool { return &p.BlockPublicPolicy }},
	{"RestrictPublicBuckets", func(p *object.PublicAccessBlock) *bool { return &p.RestrictPublicBuckets }},
}

func (q *request) getPublicAccess() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	if b.Access.Block == nil {
		return &errcode.Error{Code: errcode.NoSuchPublicAccessBlock}
	}
	x := q.h.buffers.xml()
	x.root("PublicAccessBlockConfiguration")
	for _, s := range switches {
		x.bool(s.name, *s.of(b.Access.Block))
	}
	x.end("PublicAccessBlockConfiguration")
	return q.replyXML(http.StatusOK, x)
}

// putPublicAccess replaces the whole configuration: a switch that the document
// leaves out is off.
func (q *request) putPublicAccess() error {
	e, err := q.readXML("PublicAccessBlockConfiguration")
	if err != nil {
		return err
	}
	if e == nil && documentOptional.On() {
		return q.setPublicAccess(&object.PublicAccessBlock{}, http.StatusOK)
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	var block object.PublicAccessBlock
	names := make([]string, len(switches))
	for i, s := range switches {
		names[i] = s.name
		text, found, err := e.child(s.name)
		if err != nil {
			return err
		}
		switch {
		case text == "true", text == "TRUE":
			*s.of(&block) = true
		case found && text != "false" && text != "FALSE" && !switchUnread.On():
			return malformed(s.name + " is not a boolean")
		}
	}
	if err := e.only(names...); err != nil {
		return err
	}
	if switchForgotten.On() {
		block.RestrictPublicBuckets = false
	}
	return q.setPublicAccess(&block, http.StatusOK)
}

func (q *request) deletePublicAccess() error { return q.setPublicAccess(nil, http.StatusNoContent) }

func (q *request) setPublicAccess(p *object.PublicAccessBlock, status int) error {
	if err := q.h.cfg.Backend.SetPublicAccess(q.ctx, q.caller, q.bucket, p); err != nil {
		return err
	}
	return q.reply(status)
}
