package compare

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Likeness says how well two packets can be compared, from 0 to 7: 4 for one
// direction (both are requests, or both answers), 2 for one protocol, 1 for one
// kind of packet ("TCP SYN", "ICMP echo request"). A comparison below 4 tells
// nothing: an answer starts where a request ends.
func Likeness(a, b *trail.Trail) int {
	n := 0
	if (a.AnswerTo != 0) == (b.AnswerTo != 0) {
		n += 4
	}
	if a.Flow.Proto == b.Flow.Proto {
		n += 2
	}
	if kind(a) == kind(b) {
		n++
	}
	return n
}

// kind is what a packet is, without its numbers.
func kind(t *trail.Trail) string {
	what, _, _ := strings.Cut(t.Packet, ",")
	return strings.TrimPrefix(what, "TCP ")
}
