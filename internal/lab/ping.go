package lab

import (
	"net/netip"
	"time"
)

// PingOptions says how to ping; the zero value sends one echo request of 56
// bytes of data and waits a second for its reply.
type PingOptions struct {
	// Count of echo requests; 0 is 1.
	Count int
	// Interval from one request to the next, if the reply came sooner; 0
	// sends the next at once.
	Interval time.Duration
	// Timeout for each reply; 0 is 1 s.
	Timeout time.Duration
	// Size of the data after the ICMP header in bytes, 0 to 65000; 0 is 56,
	// negative is none.
	Size int
	// ID is the identifier of the requests; 0 lets the kernel choose.
	ID uint16
	// TTL, or hop limit; 0 is the kernel's default.
	TTL int
	// DontFragment sets DF and ignores the path MTU that the kernel learnt
	// (IP_PMTUDISC_PROBE).
	DontFragment bool
}

// PingResult is what became of one echo request.
type PingResult struct {
	// ID and Seq are those of the request.
	ID, Seq uint16
	// From is the address that replied; valid iff Err is nil.
	From netip.Addr
	// RTT is the time to the reply; valid iff Err is nil.
	RTT time.Duration
	// Err is os.ErrDeadlineExceeded if no reply came, or the system's word
	// for the ICMP error that did: a syscall.Errno such as EHOSTUNREACH.
	Err error
}
