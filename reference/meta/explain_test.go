package meta

import (
	"database/sql/driver"
	"slices"
	"strings"
	"testing"
)

// explain checks that every statement used so far finds its rows by an index
// and in order: its cost does not grow with the table.
func (s *store) explain() {
	s.t.Helper()
	whole := "FROM state|UPDATE state|tags FROM bucket ORDER BY id|access FROM bucket WHERE access|settings FROM bucket WHERE settings|FROM user ORDER BY name|COUNT(*) FROM bucket|ORDER BY id LIMIT ?|PRAGMA|BEGIN|COMMIT"
	for _, c := range s.conns() {
		for _, sql := range slices.Sorted(keysOf(c.stmts)) {
			if strings.HasPrefix(sql, "SELECT *") || strings.HasPrefix(sql, "EXPLAIN") || slices.ContainsFunc(strings.Split(whole, "|"), func(x string) bool { return strings.Contains(sql, x) }) {
				continue
			}
			for _, plan := range explainPlan(s.t, c, sql) {
				if strings.Contains(plan, "SCAN") && !strings.Contains(plan, "SCAN CONSTANT ROW") || strings.Contains(plan, "TEMP B-TREE") {
					s.t.Errorf("%s\n\t%s", sql, plan)
				}
			}
		}
	}
}

func explainPlan(t testing.TB, c *conn, sql string) (plan []string) {
	t.Helper()
	r, err := c.query("EXPLAIN QUERY PLAN "+sql, slices.Repeat([]driver.Value{nil}, strings.Count(sql, "?"))...)
	if err != nil {
		t.Fatal(err)
	}
	for {
		ok, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		plan = append(plan, text(r.row[3]))
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	return plan
}
