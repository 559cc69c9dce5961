//go:build !mutants

package object

import (
	"time"

	"bleepstore/reference/meta"
)

// recent is nothing: see that of a program with the tag mutants.
type recent struct{}

type found struct {
	r GetResult
	o meta.Object
}

func (recent) page(ListInput, time.Time) (meta.ListPage, bool) { return meta.ListPage{}, false }

func (recent) keepPage(ListInput, meta.ListPage, time.Time) {}

func (recent) absent(string, time.Time) bool { return false }

func (recent) keepAbsent(string, time.Time) {}

func (recent) thousandth(_ string, f found) found { return f }
