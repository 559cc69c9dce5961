package publicaccess

import (
	"encoding/json"
	"testing"
)

// TestPoliciesAreJSON: a policy that is not would be refused for that, and the
// rules about public ones hold by mistake.
func TestPoliciesAreJSON(t *testing.T) {
	all := []string{toEverybody, account("id")}
	for _, p := range append(publicStatements, privateStatements...) {
		all = append(all, p.text)
	}
	for _, statement := range all {
		var p struct {
			Version   string
			Statement []struct {
				Effect, Action, Resource string
				Principal                any
				Condition                map[string]map[string]string
			}
		}
		text := policyOf("b", statement, toEverybody)
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if len(p.Statement) != 2 || p.Statement[0].Effect == "" || p.Statement[0].Principal == nil || p.Statement[1].Resource != "arn:aws:s3:::b/*" {
			t.Errorf("%s: read as %+v", text, p)
		}
	}
}
