package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim/clock"
)

func TestTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New()
		want := func(what string, ahead time.Duration) {
			t.Helper()
			if got := time.Until(c.Now()); got != ahead {
				t.Errorf("%s: %s ahead, want %s", what, got, ahead)
			}
		}
		time.Sleep(time.Minute)
		want("healthy", 0)
		c.Trouble(fault.ClockTrouble{Offset: time.Hour})
		want("jumped", time.Hour)
		c.Trouble(fault.ClockTrouble{Offset: time.Hour, Rate: 2})
		time.Sleep(time.Minute)
		want("fast", time.Hour+time.Minute)
		if d := c.Stretch(time.Minute); d != 30*time.Second {
			t.Errorf("a minute of it lasts %s", d)
		}
		tick, stop := c.Tick(time.Minute)
		began := time.Now()
		<-tick
		stop()
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("it ticks after %s", took)
		}
		c.Trouble(fault.ClockTrouble{Frozen: true})
		want("frozen", time.Minute+30*time.Second)
		time.Sleep(time.Second)
		want("frozen", time.Minute+29*time.Second)
		c.Trouble(fault.ClockTrouble{})
		time.Sleep(time.Hour)
		want("healed", time.Minute+29*time.Second)
	})
}
