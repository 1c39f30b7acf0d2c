package record

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// A merged stream of so many frames is whole, and has the names that came
// late.
func TestMergeLimit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for streams := 1; streams < 4; streams++ {
		var out bytes.Buffer
		m := NewMerge(&out, time.Second, 0)
		reached := 0
		m.Limit(10, func() { reached++ })
		var agents []*agentStream
		for range streams {
			agents = append(agents, randomAgent(t, 50, rnd))
		}
		m.Name([]Name{{Addr: netip.MustParseAddr("10.1.2.3"), Names: []string{"web.shop"}}})
		mergeAll(t, m, agents, rnd)
		if reached != 1 {
			t.Errorf("told %d times", reached)
		}
		if !bytes.Contains(out.Bytes(), []byte("web.shop")) {
			t.Error("no name")
		}
		r, err := NewReader(&out)
		must(t, err)
		n := 0
		var f trail.Frame
		for {
			err := r.Read(&f)
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			n++
		}
		if n != 10 || !r.Whole() {
			t.Errorf("%d streams: %d frames, whole %v", streams, n, r.Whole())
		}
	}
}
