package labtest

import (
	"testing"
	"time"
)

// Wait returns when cond holds, which it asks for every few milliseconds, and
// fails the test if that takes longer than the timeout. what says what was
// waited for.
func Wait(tb testing.TB, timeout time.Duration, what string, cond func() bool) {
	tb.Helper()
	end := time.Now().Add(timeout)
	pause := time.Millisecond
	for !cond() {
		if time.Now().After(end) {
			tb.Fatalf("waited %v for %s", timeout, what)
		}
		time.Sleep(pause)
		pause = min(2*pause, 50*time.Millisecond)
	}
}
