package nft

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// state is a state of a protocol with the time that nft takes for the usual
// one, in seconds: it is not shown.
type state struct {
	name    string
	seconds uint32
}

// states are those whose timeouts an object may set, by protocol and then by
// attribute, from 1 (linux/netfilter/nfnetlink_cttimeout.h).
var states = map[uint32][]state{
	6: {
		{"syn_sent", 120},
		{"syn_recv", 60},
		{"established", 432000},
		{"fin_wait", 120},
		{"close_wait", 60},
		{"last_ack", 30},
		{"time_wait", 120},
		{"close", 10},
		{"syn_sent2", 120},
		{"retrans", 300},
		{"unack", 300},
	},
	17: {{"unreplied", 30}, {"replied", 180}},
}

// timeouts are the properties of a ct timeout object.
func (o *Object) timeouts(f *fields) []property {
	proto := xt.ProtocolName(uint16(f.u32(2)))
	all := []property{{"protocol " + proto, []string{"protocol", quoted(proto)}}, layer3(f.u32(1))}
	known := states[f.u32(2)]
	if known == nil {
		text := raw("policy", attr(o.Data, 3))
		return append(all, property{text, []string{"raw", quoted(text)}})
	}
	var words, pairs []string
	nlattr.Each(attr(o.Data, 3), func(k uint16, v []byte) { // NFTA_CT_TIMEOUT_DATA
		if k == 0 || int(k) > len(known) || num32(v) == known[k-1].seconds {
			return
		}
		words = append(words, known[k-1].name+" : "+uintText(num32(v)))
		pairs = append(pairs, known[k-1].name, uintText(num32(v)))
	})
	if words == nil {
		return all
	}
	return append(all, property{"policy = { " + strings.Join(words, ", ") + " }", []string{"policy", object(pairs...)}})
}
