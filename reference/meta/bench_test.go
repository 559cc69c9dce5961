package meta

import (
	"context"
	"fmt"
	"testing"
)

// filled is a bucket of n small objects.
func filled(b *testing.B, n int) *store {
	s := openFile(b)
	s.must(mkBucket("b"))
	for i := 0; i < n; i += 256 {
		var entries []Entry
		for j := range 256 {
			entries = append(entries, s.entry(put("b", fmt.Sprintf("some/prefix/%06d", i+j), "small body")))
		}
		if _, err := s.db.Apply(entries); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func (s *store) bench(b *testing.B, fn func(tx *Tx, i int) error) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if err := s.db.View(context.Background(), func(tx *Tx) error { return fn(tx, i) }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHead(b *testing.B) {
	filled(b, 10000).bench(b, func(tx *Tx, i int) error {
		_, err := tx.Object("b", fmt.Sprintf("some/prefix/%06d", i*7919%10000), "")
		return err
	})
}

func BenchmarkGet(b *testing.B) {
	filled(b, 10000).bench(b, func(tx *Tx, i int) error {
		o, err := tx.Object("b", fmt.Sprintf("some/prefix/%06d", i*7919%10000), "")
		if err == nil {
			err = tx.Body(&o)
		}
		return err
	})
}

// BenchmarkList is a page of 100 keys from anywhere: it costs the same in any
// bucket, but for the pages that a large one does not have in its cache.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{1e3, 1e6} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			listed(b, n).bench(b, func(tx *Tx, i int) error {
				p, err := tx.List(ListQuery{Bucket: "b", After: fmt.Sprintf("some/prefix/%07d", i*7919%(n-100)), Max: 100})
				if err == nil && len(p.Objects) != 100 {
					err = fmt.Errorf("%d objects", len(p.Objects))
				}
				return err
			})
		})
	}
}

// listed is a bucket of n keys, made by one statement: a million commands
// would take longer than all the rest.
func listed(b *testing.B, n int) *store {
	s := openFile(b)
	s.must(mkBucket("b"), put("b", "k", "small body"))
	err := s.db.m.c.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO live(bucket, key, rec) SELECT bucket, CAST(printf('some/prefix/%07d', i) AS BLOB), rec FROM n, live WHERE key = CAST('k' AS BLOB)`, int64(n))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkListPrefixes is 1,000 common prefixes over 2^17 keys.
func BenchmarkListPrefixes(b *testing.B) {
	s := openFile(b)
	s.must(mkBucket("b"))
	for i := range 1 << 9 {
		var entries []Entry
		for j := range 256 {
			entries = append(entries, s.entry(put("b", fmt.Sprintf("%03d/%06d", (i*256+j)%1000, i*256+j), "")))
		}
		if _, err := s.db.Apply(entries); err != nil {
			b.Fatal(err)
		}
	}
	s.bench(b, func(tx *Tx, i int) error {
		p, err := tx.List(ListQuery{Bucket: "b", Delimiter: "/", Max: 1000})
		if err == nil && len(p.CommonPrefixes) != 1000 {
			err = fmt.Errorf("%d prefixes", len(p.CommonPrefixes))
		}
		return err
	})
}
