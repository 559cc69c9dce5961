package campaign

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestSeats: a child gets a processor on which fewer others are than elsewhere.
func TestSeats(t *testing.T) {
	var all unix.CPUSet
	all.Set(1001) // that nobody else takes
	all.Set(1003)
	first, second := take(&all), take(&all)
	if first == second {
		t.Fatalf("two children are on processor %d", first)
	}
	leave(second)
	leave(-1)
	if third := take(&all); third != second {
		t.Errorf("got processor %d, want %d, which is free", third, second)
	}
}
