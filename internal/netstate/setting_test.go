package netstate

import (
	"slices"
	"testing"
)

func TestSetting(t *testing.T) {
	conf := func(pairs ...int) []int32 {
		v := make([]int32, 60)
		for i := 0; i < len(pairs); i += 2 {
			v[pairs[i]] = int32(pairs[i+1])
		}
		return v
	}
	const forwarding, acceptRedirects, sourceRoute, rpFilter, logMartians = 1, 4, 9, 8, 11
	for _, c := range []struct {
		family, name string
		conf         []int32
		all          string
		want         Setting
		ok           bool
	}{
		{"ipv4", "rp_filter", conf(rpFilter, 1), "2", Setting{Value: 2, Own: 1, All: 2, HasAll: true, From: "ipv4.conf.all.rp_filter"}, true},
		{"ipv4", "rp_filter", conf(rpFilter, 2), "1", Setting{Value: 2, Own: 2, All: 1, HasAll: true, From: "ipv4.conf.eth0/1.rp_filter"}, true},
		{"ipv4", "forwarding", conf(forwarding, 0), "1", Setting{All: 1, HasAll: true, From: "ipv4.conf.eth0/1.forwarding"}, true},
		{"ipv4", "log_martians", conf(logMartians, 2), "1", Setting{Value: 1, Own: 2, All: 1, HasAll: true, From: "ipv4.conf.eth0/1.log_martians"}, true},
		{"ipv4", "log_martians", conf(), "1", Setting{Value: 1, All: 1, HasAll: true, From: "ipv4.conf.all.log_martians"}, true},
		{"ipv4", "accept_source_route", conf(sourceRoute, 1), "0", Setting{Own: 1, HasAll: true, From: "ipv4.conf.all.accept_source_route"}, true},
		// A host takes redirects if either says so, a router if both do.
		{"ipv4", "accept_redirects", conf(acceptRedirects, 1), "0", Setting{Value: 1, Own: 1, HasAll: true, From: "ipv4.conf.eth0/1.accept_redirects"}, true},
		{"ipv4", "accept_redirects", conf(acceptRedirects, 1, forwarding, 1), "0", Setting{Own: 1, HasAll: true, From: "ipv4.conf.all.accept_redirects"}, true},
		{"ipv6", "forwarding", conf(), "1", Setting{Value: 1, All: 1, HasAll: true, From: "ipv6.conf.all.forwarding"}, true},
		{"ipv6", "accept_source_route", conf(24, 1), "-1", Setting{Value: -1, Own: 1, All: -1, HasAll: true, From: "ipv6.conf.all.accept_source_route"}, true},
		{"ipv6", "disable_ipv6", conf(26, 1), "", Setting{Value: 1, Own: 1, From: "ipv6.conf.eth0/1.disable_ipv6"}, true},
		// What is not known is not guessed.
		{"ipv4", "rp_filter", conf(rpFilter, 1), "", Setting{}, false},
		{"ipv4", "rp_filter", nil, "1", Setting{}, false},
		{"ipv4", "rp_filter", conf(rpFilter, 1), "words", Setting{}, false},
		{"ipv4", "no_such", conf(), "1", Setting{}, false},
		{"ipx", "rp_filter", conf(), "1", Setting{}, false},
	} {
		l := &Link{Name: "eth0.1", Conf4: c.conf, Conf6: c.conf}
		n := &Namespace{Sysctls: map[string]string{SettingKey(c.family, "all", c.name): c.all}}
		if got, ok := n.Setting(l, c.family, c.name); got != c.want || ok != c.ok {
			t.Errorf("%s %s of %q: %+v, %v, want %+v, %v", c.family, c.name, c.all, got, ok, c.want, c.ok)
		}
	}
	if names := SettingNames("ipv4"); !slices.Contains(names, "route_localnet") || SettingNames("ipx") != nil && len(SettingNames("ipx")) > 0 {
		t.Error(names)
	}
	if v, ok := (&Link{Conf4: conf(rpFilter, 2)}).OwnSetting("ipv4", "rp_filter"); v != 2 || !ok {
		t.Error(v, ok)
	}
}

// Of settings that were told one by one, those that were not stay unknown.
func TestSettingToldAlone(t *testing.T) {
	ns := &Namespace{Links: []Link{{Name: "eth0.1"}}, Sysctls: map[string]string{"ipv4.conf.all.rp_filter": "0", "ipv4.conf.eth0/1.rp_filter": "2"}}
	s, ok := ns.Setting(&ns.Links[0], "ipv4", "rp_filter")
	if want := (Setting{Value: 2, Own: 2, HasAll: true, From: "ipv4.conf.eth0/1.rp_filter"}); !ok || s != want {
		t.Errorf("%+v %v", s, ok)
	}
	if s, ok := ns.Setting(&ns.Links[0], "ipv4", "forwarding"); ok {
		t.Errorf("%+v", s)
	}
}
