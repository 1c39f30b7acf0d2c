package diagnose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

const reassembled = "reassembled"

var fragmentWord = regexp.MustCompile(`^fragment (?:(\d+) of (\d+)|(\d+)\+(\d+))`)

// isPiece says whether a copy is a fragment of the packet at the end of a way:
// it was cut off, and not put together again.
func (q *inquiry) isPiece(way []int) bool {
	piece := q.t.Observations[way[0]].Copy == 0 && q.fragmented()
	for _, i := range way {
		for _, c := range q.t.Observations[i].Changes {
			switch {
			case strings.HasPrefix(c, "fragment "):
				piece = true
			case strings.HasPrefix(c, reassembled):
				piece = false
			}
		}
	}
	return piece
}

// fragmented says whether a copy was cut off the packet as a fragment.
func (q *inquiry) fragmented() bool {
	return slices.ContainsFunc(q.t.Observations, func(o trail.Observation) bool {
		return o.Copy != 0 && slices.ContainsFunc(o.Changes, func(c string) bool { return strings.HasPrefix(c, "fragment ") })
	})
}

// brokenPiece is the end of the fragment that made the packet fail, and what
// it is called; false if none did: a socket has the packet, or all pieces came
// as far as they were seen.
func (q *inquiry) brokenPiece(ways [][]int) (ending, string, bool) {
	if out, ok := q.answered(); !q.fragmented() || ok && out == trail.Delivered {
		return ending{}, "", false
	}
	var worst ending
	name, rank := "", 0
	for _, way := range ways {
		e := q.endOf(way)
		whole := !q.isPiece(way)
		if e.open && !whole && !q.absorbed(way) {
			e = q.openEnd(e)
			e.open = false
		}
		r := 0
		switch {
		case whole && e.outcome == trail.Delivered && !e.open:
			return ending{}, "", false
		case e.open || e.at < 0 || isBenign(q.t, e.at) || isOtherHost(q.t, e.at):
		case e.outcome == trail.Lost && !whole:
			r = 2
		case (e.outcome == trail.Dropped || e.outcome == trail.Rejected) && !whole:
			r = 3
			if d := q.t.Observations[e.at].Drop; d != nil && d.Reason == "FRAG_REASM_TIMEOUT" {
				r = 1 // since another piece did not come
			}
		}
		if r > rank {
			worst, name, rank = e, q.pieceName(way), r
		}
	}
	return worst, name, rank > 0
}

// absorbed says whether a fragment ended where the packet was put together.
func (q *inquiry) absorbed(way []int) bool {
	last := &q.t.Observations[way[len(way)-1]]
	return slices.ContainsFunc(q.t.Observations, func(o trail.Observation) bool {
		return o.Copy != last.Copy && sameSpace(o.Point, last.Point) &&
			slices.ContainsFunc(o.Changes, func(c string) bool { return strings.HasPrefix(c, reassembled) })
	})
}

// pieceName is what a fragment is called: "fragment 2 of 3", or by its bytes.
func (q *inquiry) pieceName(way []int) string {
	name := "the first fragment"
	for _, i := range way {
		for _, c := range q.t.Observations[i].Changes {
			m := fragmentWord.FindStringSubmatch(c)
			switch {
			case m == nil:
			case m[1] != "":
				return "fragment " + m[1] + " of " + m[2]
			case m[3] != "0":
				name = "the fragment at byte " + m[3]
			}
		}
	}
	return name
}

// pieceText begins the sentence with the fragment that it is of.
func (q *inquiry) pieceText() string {
	if q.piece == "" {
		return ""
	}
	return q.piece + " "
}
