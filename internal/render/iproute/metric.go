package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Metrics of routes, RTAX_* of linux/rtnetlink.h.
const (
	metricLock       = 1
	metricRTT        = 4
	metricRTTVar     = 5
	metricHopLimit   = 10
	metricFeatures   = 12
	metricRTOMin     = 13
	metricCongestion = 16
	metricLast       = 17
)

func metricName(kind uint16) string {
	names := [...]string{
		2: "mtu", 3: "window", 4: "rtt", 5: "rttvar", 6: "ssthresh", 7: "cwnd", 8: "advmss", 9: "reordering",
		10: "hoplimit", 11: "initcwnd", 12: "features", 13: "rto_min", 14: "initrwnd", 15: "quickack",
		16: "congctl", 17: "fastopen_no_cookie",
	}
	if int(kind) < len(names) {
		return names[kind]
	}
	return ""
}

// metrics writes RTA_METRICS. One that is locked holds whatever is found out
// about the path.
func (l *routeListing) metrics(r *netstate.Route) {
	w := &l.w
	w.openArray("metrics")
	w.open("")
	locks := r.Metrics[metricLock]
	for kind := uint16(2); kind <= metricLast; kind++ {
		v, ok := r.Metrics[kind]
		locked := locks&(1<<kind) != 0
		if kind == metricCongestion {
			ok = r.Congestion != ""
		}
		if !ok && !locked || kind == metricHopLimit && int32(v) == -1 {
			continue
		}
		w.text(metricName(kind) + " ")
		if locked {
			w.text("lock ")
		}
		l.metric(kind, v, r.Congestion)
	}
	w.close()
	w.closeArray()
}

func (l *routeListing) metric(kind uint16, v uint32, congestion string) {
	switch kind {
	case metricFeatures:
		l.features(v)
	case metricRTT:
		l.milliseconds(kind, v/8)
	case metricRTTVar:
		l.milliseconds(kind, v/4)
	case metricRTOMin:
		l.milliseconds(kind, v)
	case metricCongestion:
		l.w.str("congestion", "", congestion, " ")
	default:
		l.w.unum(metricName(kind), "", uint64(v), " ")
	}
}

// features writes RTAX_FEATURE_*.
func (l *routeListing) features(v uint32) {
	const ecn = 1
	if v&ecn != 0 {
		l.w.null("ecn", "ecn ")
	}
	if v&^ecn != 0 {
		l.w.hex("features", "", uint64(v), " ")
	}
}

func (l *routeListing) milliseconds(kind uint16, v uint32) {
	if !l.o.JSON && v >= 1000 {
		l.w.text(strconv.FormatFloat(float64(v)/1000, 'g', 6, 64) + "s ")
		return
	}
	l.w.unum(metricName(kind), "", uint64(v), "ms ")
}
