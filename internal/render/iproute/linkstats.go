package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// stats writes a link's counters, as `ip -s` does; nothing if they are not
// known.
func (l *linkListing) stats(k *netstate.Link) {
	if !k.Sent.Has(rtnl.LinkStats64) {
		return
	}
	if l.w.json {
		l.statsJSON(&k.Stats)
	} else {
		l.statsText(&k.Stats)
	}
}

func (l *linkListing) statsJSON(s *netstate.LinkStats) {
	w := &l.w
	put := func(key string, v uint64) { w.unum(key, "", v, "") }
	w.open("stats64")
	w.open("rx")
	put("bytes", s.RxBytes)
	put("packets", s.RxPackets)
	put("errors", s.RxErrors)
	put("dropped", s.RxDropped)
	put("over_errors", s.RxOverErrors)
	put("multicast", s.Multicast)
	if s.RxCompressed != 0 {
		put("compressed", s.RxCompressed)
	}
	w.close()
	w.open("tx")
	put("bytes", s.TxBytes)
	put("packets", s.TxPackets)
	put("errors", s.TxErrors)
	put("dropped", s.TxDropped)
	put("carrier_errors", s.TxCarrierErrors)
	put("collisions", s.Collisions)
	if s.TxCompressed != 0 {
		put("compressed", s.TxCompressed)
	}
	w.close()
	w.close()
}

// statsText writes a table of two lines for each direction, whose columns are
// as wide as their longest number.
func (l *linkListing) statsText(s *netstate.LinkStats) {
	width := [...]int{len("*X errors:"), len("packets"), len("errors"), len("dropped"), len("heartbt"), len("overrun"), len("compressed")}
	rx := [...]uint64{s.RxBytes, s.RxPackets, s.RxErrors, s.RxDropped, s.RxMissedErrors, s.Multicast, s.RxCompressed}
	tx := [...]uint64{s.TxBytes, s.TxPackets, s.TxErrors, s.TxDropped, s.TxCarrierErrors, s.Collisions, s.TxCompressed}
	for i := range width {
		width[i] = max(width[i], len(number64(rx[i])), len(number64(tx[i])))
	}
	table := func(direction string, words [7]string, v [7]uint64) {
		last := len(v) - 1
		if v[last] == 0 {
			words[last] = ""
		}
		l.w.text("    " + direction + ": " + pad(words[0], width[0]-4))
		for i, word := range words[1:] {
			l.w.text(" " + pad(word, width[i+1]))
		}
		l.w.text("\n    ")
		for i, n := range v {
			if i < last || n != 0 {
				l.w.text(pad(number64(n), width[i]) + " ")
			}
		}
	}
	table("RX", [7]string{"bytes", "packets", "errors", "dropped", "missed", "mcast", "compressed"}, rx)
	l.w.text("\n")
	table("TX", [7]string{"bytes", "packets", "errors", "dropped", "carrier", "collsns", "compressed"}, tx)
}

func number64(v uint64) string { return strconv.FormatUint(v, 10) }
