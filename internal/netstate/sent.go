package netstate

// Sent is a set of attribute numbers below 64: what the kernel sent. An older
// kernel does not send what it does not know, which is not the same as zero.
type Sent uint64

// Has reports whether an attribute was sent.
func (s Sent) Has(n int) bool { return n >= 0 && n < 64 && s&(1<<n) != 0 }

// Add puts an attribute into the set, if it has room for its number.
func (s *Sent) Add(n uint16) {
	if n < 64 {
		*s |= 1 << n
	}
}
