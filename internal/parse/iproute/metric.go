package iproute

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Metrics of routes, RTAX_* of linux/rtnetlink.h.
const (
	metricLock       = 1
	metricRTT        = 4
	metricRTTVar     = 5
	metricFeatures   = 12
	metricRTOMin     = 13
	metricCongestion = 16
)

// metrics are their names by number.
var metrics = [...]string{
	2: "mtu", 3: "window", 4: "rtt", 5: "rttvar", 6: "ssthresh", 7: "cwnd", 8: "advmss", 9: "reordering", 10: "hoplimit",
	11: "initcwnd", 12: "features", 13: "rto_min", 14: "initrwnd", 15: "quickack", 16: "congctl", 17: "fastopen_no_cookie",
}

// metricFields are those of RTA_METRICS in text.
func metricFields(r *netstate.Route) []field {
	var all []field
	for kind, name := range metrics {
		if name == "" {
			continue
		}
		all = append(all, field{word: name, read: func(s *scanner) error {
			if s.skip("lock") {
				setMetric(r, metricLock, r.Metrics[metricLock]|1<<kind)
			}
			if kind == metricFeatures {
				return features(r, s)
			}
			return metric(r, uint16(kind), s.next())
		}})
	}
	return all
}

func setMetric(r *netstate.Route, kind uint16, v uint32) {
	if r.Metrics == nil {
		r.Metrics = map[uint16]uint32{}
	}
	r.Metrics[kind] = v
}

// metric takes one metric's value. Times have their unit behind them.
func metric(r *netstate.Route, kind uint16, s string) error {
	if kind == metricCongestion {
		r.Congestion = s
		if s == "" {
			return errors.New("its value is missing")
		}
		return nil
	}
	v, err := milliseconds(kind, s)
	if err != nil {
		return err
	}
	switch kind {
	case metricRTT:
		v *= 8
	case metricRTTVar:
		v *= 4
	}
	setMetric(r, kind, v)
	return nil
}

// milliseconds reads a number; of a time in milliseconds or seconds the former.
func milliseconds(kind uint16, s string) (uint32, error) {
	isTime := kind == metricRTT || kind == metricRTTVar || kind == metricRTOMin
	if sec, ok := strings.CutSuffix(strings.TrimSuffix(s, "ms"), "s"); ok && isTime {
		v, err := strconv.ParseFloat(sec, 64)
		if err != nil || v < 0 || v > 1<<22 {
			return 0, fmt.Errorf("%q is no time", cut(s))
		}
		return uint32(v*1000 + 0.5), nil
	}
	if isTime {
		s = strings.TrimSuffix(s, "ms")
	}
	return parseNumber[uint32](s)
}

// features reads RTAX_FEATURE_*: "ecn", and all as a number if there are more.
func features(r *netstate.Route, s *scanner) error {
	v := uint32(0)
	if s.skip("ecn") {
		v = 1
	}
	if strings.HasPrefix(s.peek(), "0x") {
		if err := number(&v)(s.next()); err != nil {
			return err
		}
	}
	setMetric(r, metricFeatures, v)
	return nil
}

// metricsOf takes them from JSON: an array of one object.
func metricsOf(r *netstate.Route) func(any) error {
	return func(v any) error {
		all, ok := v.([]any)
		if !ok {
			return errors.New("it is no list")
		}
		if len(all) > 0 && r.Metrics == nil {
			r.Metrics = map[uint16]uint32{}
		}
		var fields []field
		for kind, name := range metrics {
			switch {
			case name == "" || kind == metricFeatures:
			case kind == metricCongestion:
				fields = append(fields, word("", "congestion", text(&r.Congestion)))
			default:
				fields = append(fields, word("", name, func(s string) error { return metric(r, uint16(kind), s) }))
			}
		}
		has := func(s string) error {
			if s == "" {
				s = "1"
			}
			v, err := parseNumber[uint32](s)
			setMetric(r, metricFeatures, r.Metrics[metricFeatures]|v)
			return err
		}
		fields = append(fields, word("", "ecn", has), word("", "features", has))
		f := newForm(fields)
		for _, one := range all {
			o, ok := one.(object)
			if !ok {
				return errors.New("it is no list of objects")
			}
			f.object(o)
		}
		return f.problem()
	}
}
