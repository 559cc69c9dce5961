package policy

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// A value is a JSON value. Unlike encoding/json's own, it keeps the order of
// members and has none twice: it is not for the server to choose between them.
type value struct {
	kind    byte // {, [, s(tring), n(umber), b(oolean) or 0 for null
	text    string
	names   []string // of the members of an object
	members []value  // of an object or array
}

// document reads text, which must be one object.
func document(text string) (value, error) {
	if len(text) > MaxSize {
		return value{}, malformed("Policy exceeds the maximum allowed document size.")
	}
	if !strings.HasPrefix(text, "{") || !utf8.ValidString(text) {
		return value{}, malformed("Policies must be valid JSON and the first byte must be '{'")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := read(dec)
	if err == nil {
		_, err = dec.Token()
		if err == nil {
			err = errors.New("something follows the policy")
		}
	}
	if !errors.Is(err, io.EOF) {
		return value{}, malformed("This policy contains invalid Json: %v", err)
	}
	return v, nil
}

func read(dec *json.Decoder) (v value, err error) {
	tok, err := dec.Token()
	if err != nil {
		return v, unexpected(err)
	}
	switch t := tok.(type) {
	case string:
		return value{kind: 's', text: t}, nil
	case json.Number:
		return value{kind: 'n', text: t.String()}, nil
	case bool:
		v = value{kind: 'b', text: "false"}
		if t {
			v.text = "true"
		}
		return v, nil
	case json.Delim:
		v.kind = byte(t)
		for dec.More() {
			if err := v.readMember(dec); err != nil {
				return v, err
			}
		}
		_, err = dec.Token()
	}
	return v, unexpected(err)
}

func (v *value) readMember(dec *json.Decoder) error {
	if v.kind == '{' {
		tok, err := dec.Token()
		if err != nil {
			return unexpected(err)
		}
		name, _ := tok.(string)
		if _, twice := v.get(name); twice {
			return errors.New("member " + name + " occurs twice")
		}
		v.names = append(v.names, name)
	}
	m, err := read(dec)
	v.members = append(v.members, m)
	return err
}

// unexpected keeps the end of the text from being taken for that of a document.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// get returns a member of an object.
func (v *value) get(name string) (value, bool) {
	for i, n := range v.names {
		if n == name && i < len(v.members) {
			return v.members[i], true
		}
	}
	return value{}, false
}

// only fails when an object has members of other names.
func (v *value) only(names ...string) error {
next:
	for _, n := range v.names {
		for _, known := range names {
			if n == known {
				continue next
			}
		}
		return malformed("Unknown field %s", n)
	}
	return nil
}

// list returns a string, or the strings of an array, of which there must be one.
func (v *value) list(field string) ([]string, error) {
	all := []value{*v}
	if v.kind == '[' {
		all = v.members
	}
	var out []string
	for _, m := range all {
		if m.kind != 's' || m.text == "" {
			return nil, malformed("%s must be a string or a list of strings", field)
		}
		out = append(out, m.text)
	}
	if len(out) == 0 {
		return nil, malformed("%s cannot be empty!", field)
	}
	return out, nil
}
