package cilium

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// Known is what decides whether it says something that a packet was not seen.
type Known struct {
	// Lost is how many events the monitor said that it lost.
	Lost int
	// Aggregated says in words that events were left out on purpose; empty
	// where nothing shows it.
	Aggregated string
	// Complete is true if the agent is configured to leave nothing out, and
	// nothing was lost: then absence counts.
	Complete bool
	// Numbered is true if all packets were shown with what tells them apart;
	// those of -v are not.
	Numbered bool
}

// Known tells what is known by now.
func (p *Reader) Known() Known {
	k := Known{Lost: p.seen.lost, Aggregated: configured(p.o.Aggregation), Numbered: !p.seen.bare}
	if k.Aggregated == "" && p.o.Aggregation == "" {
		k.Aggregated = p.seen.aggregated()
	}
	k.Complete = p.o.Aggregation != "" && k.Aggregated == "" && k.Lost == 0
	return k
}

// configured says what a level of aggregation leaves out; empty for none.
func configured(level string) string {
	switch strings.ToLower(level) {
	case "", "none", "disabled", "0":
		return ""
	case "lowest", "low", "1", "2":
		return "MonitorAggregationLevel is " + level + ": nothing is told of packets that come in (from-...)"
	}
	return "MonitorAggregationLevel is " + level + ": nothing is told of packets that come in (from-...), and of a connection only its begin, its end and now and then one between"
}

// tally counts what shows aggregation.
type tally struct {
	lost     int
	from, to int // points of either kind
	tcp      int // packets
	edges    int // of these with SYN, FIN or RST
	ends     int // of these with FIN
	bare     bool
}

func (t *tally) add(s *parse.Sighting) {
	if s.Key.Bare != 0 && s.Key.Proto != packet.ProtoICMPv6 {
		t.bare = true
	}
	if s.Seen.Stage != trail.StageDatapath {
		return
	}
	switch p := s.Seen.Datapath.Point; {
	case strings.HasPrefix(p, "from-"):
		t.from++
	case strings.HasPrefix(p, "to-"):
		t.to++
	}
	if s.Key.Proto != packet.ProtoTCP {
		return
	}
	t.tcp++
	if f := packet.TCPFlags(s.Key.Type); f&(packet.SYN|packet.FIN|packet.RST) != 0 {
		t.edges++
		if f&packet.FIN != 0 {
			t.ends++
		}
	}
}

// enough is how many events there must be for those to be missed that are not
// there.
const enough = 3

// aggregated says in words what the events themselves show of aggregation.
func (t *tally) aggregated() string {
	switch {
	case t.to >= enough && t.from == 0:
		return fmt.Sprintf("%d packets at points to-..., and none at from-...: the monitor aggregates, or was asked for some events only", t.to)
	case t.tcp >= enough && t.ends > 0 && t.edges == t.tcp:
		return fmt.Sprintf("TCP shows its SYN, FIN and RST alone in %d packets: the monitor aggregates", t.tcp)
	}
	return ""
}
