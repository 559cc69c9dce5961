package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"bleepstore/scenarios"
)

// notRepeated are flags that do not change what a scenario sees, or that the
// command sets anew.
var notRepeated = []string{"id", "seed", "out", "baseline", "strict-baseline", "fail-fast", "rate"}

// RepeatOne returns the command that runs anything again in the same way, once
// -id is put behind it.
func (p *Plan) RepeatOne(door string) string {
	one := *p
	one.Options.ID = nil
	return one.Repeat(door, "")
}

// Repeat returns the command that runs id again in the same way; "" means the
// whole selection. door is the command without flags; secrets are left to the
// environment.
func (p *Plan) Repeat(door, id string) string {
	dash := "-"
	if !strings.HasPrefix(door, "go ") {
		dash = "--"
	}
	var b strings.Builder
	b.WriteString(door)
	o := p.Options
	id, style, _ := strings.Cut(id, "@")
	if style != "" {
		o.Addressing = style
	} else if id != "" && o.Addressing == "both" {
		o.Addressing = string(scenarios.PathStyle)
	}
	o.eachFlag(func(tag reflect.StructTag, v reflect.Value) {
		name := tag.Get("name")
		value := flagValue{v}.String()
		_, secret := tag.Lookup("secret")
		switch {
		case value == "" || value == tag.Get("default") || slices.Contains(notRepeated, name):
			return
		case o.embedded && (secret || slices.Contains([]string{"endpoint", "tls-endpoint", "website-endpoint", "access-key", "alt-access-key", "allow-compliance"}, name)):
			return
		case secret:
			value = `"$` + envOf(name) + `"`
		default:
			value = shellWord(value)
		}
		if v.Kind() == reflect.Bool {
			fmt.Fprintf(&b, " %s%s", dash, name)
			return
		}
		fmt.Fprintf(&b, " %s%s=%s", dash, name, value)
	})
	if id == "" {
		id = strings.Join(o.ID, ",")
	}
	if id != "" {
		fmt.Fprintf(&b, " %sid=%s", dash, shellWord(id))
	}
	fmt.Fprintf(&b, " %sseed=%d", dash, p.Target.Seed)
	return b.String()
}

// RepeatResult returns the command that repeats the scenario of a result; for
// an invariant, the scenario that broke it first.
func (p *Plan) RepeatResult(door string, res scenarios.Result) string {
	if IsInvariant(res.ID) {
		return p.Repeat(door, res.Where)
	}
	return p.Repeat(door, res.ID)
}

// envOf is the variable that a repeated command reads a secret from.
func envOf(name string) string {
	if name == "secret-key" {
		return "AWS_SECRET_ACCESS_KEY"
	}
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// shellWord quotes s where a shell would not take it as one word.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:/=@%[]", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
