package ask

import (
	"strings"
	"syscall"

	"github.com/pktrail/pktrail/internal/trail"
)

// Reply is the kernel's answer to a question about routing.
type Reply struct {
	trail.Answer
	// Chosen is the way as the kernel has resolved it for this packet; valid
	// iff Errno is 0.
	Chosen Entry
	// Match is the route of the table that it comes from; valid iff
	// HasMatch. Older kernels (before 4.13) do not tell it, and no kernel does
	// for an answer that is an error: see Explain.
	Match    Entry
	HasMatch bool
}

// errorWords is what strerror(3) says, as iproute2 prints it: "Invalid
// cross-device link".
func errorWords(errno syscall.Errno) string {
	s := errno.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// describe fills in the answer's words and its Route.
func (r *Reply) describe(q Question) {
	q = q.plain()
	r.Question = q.String()
	route := &trail.Route{Src: q.Src, Dst: q.Dst, In: q.In, Mark: q.Mark, TOS: q.TOS, Err: r.Errno}
	r.Route = route
	if r.Errno != 0 {
		r.Error = errorWords(syscall.Errno(r.Errno))
		return
	}
	r.Text = r.Chosen.String()
	route.Table = r.Chosen.Table
	if len(r.Chosen.Hops) > 0 {
		route.Device, route.Gateway = r.Chosen.Hops[0].Device, r.Chosen.Hops[0].Gateway
	}
	if r.HasMatch {
		route.Prefix, route.Type = r.Match.Dst, r.Match.TypeName()
	}
}

// agrees reports whether an entry of a table can be what an answer was made
// from: between two questions the routes may have changed.
func (e Entry) agrees(chosen Entry) bool {
	if e.Type != chosen.Type || e.Table != chosen.Table || !e.Dst.Contains(chosen.Dst.Addr()) {
		return false
	}
	if e.Type != typeUnicast || len(chosen.Hops) == 0 {
		return true // a local address is answered as by lo
	}
	for _, h := range e.Hops {
		if h.Index == chosen.Hops[0].Index && h.Gateway == chosen.Hops[0].Gateway {
			return true
		}
	}
	return false
}
