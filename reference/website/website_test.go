package website

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

func TestCheck(t *testing.T) {
	key := "k"
	rule := func(r Rule) Configuration { return Configuration{Index: "i", Rules: []Rule{r}} }
	to := Redirect{Host: "h"}
	for name, c := range map[string]struct {
		config Configuration
		want   errcode.Code
	}{
		"index":            {Configuration{Index: "index.html", Error: "e"}, ""},
		"all":              {Configuration{All: &All{"h", "https"}}, ""},
		"nothing":          {Configuration{}, errcode.InvalidArgument},
		"error alone":      {Configuration{Error: "e"}, errcode.InvalidArgument},
		"slash":            {Configuration{Index: "a/index.html"}, errcode.InvalidArgument},
		"all and index":    {Configuration{Index: "i", All: &All{Host: "h"}}, errcode.InvalidRequest},
		"all, no host":     {Configuration{All: &All{}}, errcode.InvalidRequest},
		"all by ftp":       {Configuration{All: &All{"h", "ftp"}}, errcode.InvalidRequest},
		"a rule":           {rule(Rule{&Condition{"404", "p"}, to}), ""},
		"no condition":     {rule(Rule{nil, Redirect{ReplacePrefix: new(string)}}), ""},
		"empty condition":  {rule(Rule{&Condition{}, to}), errcode.InvalidRequest},
		"condition of 200": {rule(Rule{&Condition{Error: "200"}, to}), errcode.InvalidArgument},
		"empty redirect":   {rule(Rule{nil, Redirect{}}), errcode.InvalidRequest},
		"two keys":         {rule(Rule{nil, Redirect{ReplacePrefix: &key, ReplaceKey: &key}}), errcode.InvalidRequest},
		"code 200":         {rule(Rule{nil, Redirect{Code: "200"}}), errcode.InvalidArgument},
		"by gopher":        {rule(Rule{nil, Redirect{Protocol: "gopher"}}), errcode.InvalidRequest},
		"50 rules":         {Configuration{Index: "i", Rules: many(50)}, ""},
		"51 rules":         {Configuration{Index: "i", Rules: many(51)}, errcode.InvalidRequest},
	} {
		if got := errcode.Of(c.config.Check()); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		b, err := c.config.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&c.config, back); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if c, err := Decode(nil); c != nil || err != nil {
		t.Errorf("none decodes as %v, %v", c, err)
	}
}

func many(n int) (rules []Rule) {
	for range n {
		rules = append(rules, Rule{Redirect: Redirect{Host: "h"}})
	}
	return rules
}
