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

// BenchmarkList is a page of 100 keys: it costs the same in any bucket.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 17} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			filled(b, n).bench(b, func(tx *Tx, i int) error {
				p, err := tx.List(ListQuery{Bucket: "b", After: fmt.Sprintf("some/prefix/%06d", i*7919%(n-100)), Max: 100})
				if err == nil && len(p.Objects) != 100 {
					err = fmt.Errorf("%d objects", len(p.Objects))
				}
				return err
			})
		})
	}
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
