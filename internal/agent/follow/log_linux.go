//go:build !pktrail_lite

package follow

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/probe/ask"
	"github.com/pktrail/pktrail/internal/trail"
)

// complaints are what the kernel log said of late about packets that it threw
// away.
type complaints struct {
	log *ask.Log // nil where it may not be read

	mu   sync.Mutex
	list []ask.Complaint
}

// mostComplaints bounds the list: the kernel says little more than one a second
// (net.core.message_cost).
const mostComplaints = 64

// openLog listens to the kernel log. That it may not be read takes little
// away: what the kernel says there follows from its settings too.
func (s *session) openLog() {
	log, err := ask.OpenLog()
	if err != nil {
		return
	}
	s.complaints.log = log
	s.closers = append(s.closers, log.Close)
	go s.complaints.listen()
}

// listen reads until the log is closed.
func (c *complaints) listen() {
	for {
		line, err := c.log.Read()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.list = append(c.list, line)
		if len(c.list) > mostComplaints {
			c.list = slices.Delete(c.list, 0, len(c.list)-mostComplaints)
		}
		c.mu.Unlock()
	}
}

// about gives the lines about a packet that was dropped a moment ago. The
// kernel writes them before it drops, and they take their time to come here.
func (c *complaints) about(src, dst netip.Addr) []trail.Answer {
	if c.log == nil {
		return nil
	}
	for range complaintTries {
		if out := c.find(src, dst); out != nil {
			return out
		}
		time.Sleep(complaintWait)
	}
	return nil
}

const (
	complaintTries = 4
	complaintWait  = time.Millisecond
)

func (c *complaints) find(src, dst netip.Addr) []trail.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []trail.Answer
	for _, line := range c.list {
		martian := line.Kind == ask.MartianSource || line.Kind == ask.MartianDestination
		if martian && line.Src == src && line.Dst == dst || line.Kind == ask.ConntrackFull {
			out = append(out, trail.Answer{Question: "dmesg", Text: line.Text})
		}
	}
	return out
}
