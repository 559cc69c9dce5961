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

func (recent) object(string, time.Time) (found, bool) { return found{}, false }

func (recent) keepObject(string, found, time.Time) {}

func (recent) drop(string, string) {}

func (recent) sent(string, int) {}

func (recent) again(string) bool { return false }

func (recent) absent(string, time.Time) bool { return false }

func (recent) keepAbsent(string, time.Time) {}

func (recent) thousandth(_ string, f found) found { return f }
