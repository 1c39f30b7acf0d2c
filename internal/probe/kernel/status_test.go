package kernel

import "testing"

func TestParseStatus(t *testing.T) {
	tests := []struct {
		name, in string
		want     status
	}{
		{"root", "Name:\tx\nCapInh:\t0000000000000000\nCapEff:\t000001ffffffffff\nSeccomp:\t0\nSeccomp_filters:\t0\n", status{0x1ffffffffff, true, 0}},
		{"container", "CapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nSeccomp:\t2\n", status{0xa80425fb, true, 2}},
		{"name that looks like a line", "Name:\tCapEff: ffff\nCapEff:\t0\nSeccomp:\t0\n", status{0, true, 0}},
		{"before Linux 3.8", "CapEff:\t0000000000003000\n", status{0x3000, true, -1}},
		{"nonsense", "CapEff:\tzz\nSeccomp:\t7\n", status{0, false, -1}},
		{"nothing", "", status{0, false, -1}},
	}
	for _, tt := range tests {
		if got := parseStatus([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	docker := status{effective: 0xa80425fb}
	if !docker.has(13) || docker.has(21) { // NET_RAW, SYS_ADMIN
		t.Error("Docker's default has NET_RAW and not SYS_ADMIN")
	}
}

func TestParseUIDMap(t *testing.T) {
	for in, want := range map[string]bool{
		"         0          0 4294967295\n":                     true,
		"         0       1000          1\n":                     false,
		"         0     100000      65536\n":                     false,
		"         0       1000          1\n    1 100000 65536\n": false,
		"": false,
	} {
		if parseUIDMap([]byte(in)) != want {
			t.Errorf("%q: want %v", in, want)
		}
	}
}

func TestParseLockdown(t *testing.T) {
	for in, want := range map[string]string{
		"[none] integrity confidentiality\n": "none",
		"none [integrity] confidentiality\n": "integrity",
		"none integrity [confidentiality]\n": "confidentiality",
		"none integrity":                     "", "[": "", "": "",
	} {
		if got := parseLockdown([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

var mountCases = map[string]string{
	"22 1 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n":                                                       "",
	"22 1 0:21 / /proc rw,nosuid shared:12 - proc proc rw,gid=4,hidepid=2\n":                                       "2",
	"22 1 0:21 / /proc rw - proc proc rw,hidepid=invisible\n":                                                      "invisible",
	"22 1 0:21 / /proc rw - proc proc rw,hidepid=0\n":                                                              "",
	"22 1 0:21 / /mnt/proc rw - proc proc rw,hidepid=2\n":                                                          "",
	"22 1 0:21 / /proc rw - tmpfs proc rw,hidepid=2\n":                                                             "",
	"22 1 0:21 / /proc rw - proc proc rw,hidepid=2\n30 1 0:30 / /proc rw - proc proc rw\n":                         "",
	"22 1 0:21 / /proc rw - proc proc rw\n30 1 0:30 / /proc rw master:1 propagate_from:2 - proc proc rw,hidepid=1": "1",
	"22 1\n - \n": "",
	"":            "",
}

func TestParseHidepid(t *testing.T) {
	for in, want := range mountCases {
		if got := parseHidepid([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParseRelease(t *testing.T) {
	tests := []struct {
		in           string
		major, minor int
		ok           bool
	}{
		{"6.18.44-1-amd64", 6, 18, true},
		{"5.14.0-503.el9.x86_64", 5, 14, true},
		{"6.1-rc3", 6, 1, true},
		{"10.0", 10, 0, true},
		{"6", 0, 0, false},
		{"x.y", 0, 0, false},
		{"-1.2", 0, 0, false},
		{"", 0, 0, false},
	}
	for _, tt := range tests {
		major, minor, ok := parseRelease(tt.in)
		if major != tt.major || minor != tt.minor || ok != tt.ok {
			t.Errorf("%q: %d.%d %v", tt.in, major, minor, ok)
		}
	}
}

func TestConfined(t *testing.T) {
	for label, want := range map[string]State{
		"unconfined":                                            OK,
		"docker-default (enforce)":                              Unknown,
		"cri-containerd.apparmor.d (enforce)":                   Unknown,
		"pktrail (complain)":                                    OK,
		"docker-default (unconfined)":                           OK,
		"system_u:system_r:spc_t:s0":                            OK,
		"system_u:system_r:container_t:s0:c1":                   Unknown,
		"unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023": OK,
		"system_u:system_r:container_t:s0 (permissive)":         OK,
		"kernel": OK,
		"?":      Unknown,
	} {
		if got := confined(label); got != want {
			t.Errorf("%q: %s, want %s", label, got, want)
		}
	}
}

func TestWorks(t *testing.T) {
	c := func(s State, needs, helps []Use) Check { return Check{State: s, Needs: needs, Helps: helps} }
	capture, trace := []Use{Capture}, []Use{Trace}
	tests := []struct {
		name   string
		checks []Check
		want   State
	}{
		{"nothing asked", nil, OK},
		{"all there", []Check{c(OK, capture, nil)}, OK},
		{"missing", []Check{c(OK, capture, nil), c(Unknown, capture, nil), c(No, capture, nil)}, No},
		{"missing for another use", []Check{c(No, trace, nil)}, OK},
		{"missing and not needed", []Check{c(No, nil, capture)}, OK},
		{"not known", []Check{c(Unknown, capture, nil), c(OK, capture, nil)}, Unknown},
	}
	for _, tt := range tests {
		if got := Works(tt.checks, Capture); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// FuzzParse feeds the readers of /proc and /sys.
func FuzzParse(f *testing.F) {
	for in := range mountCases {
		f.Add([]byte(in))
	}
	f.Add([]byte("CapEff:\t000001ffffffffff\nSeccomp:\t2\n"))
	f.Add([]byte("none [integrity] confidentiality\n"))
	f.Add([]byte("6.18.44-1-amd64"))
	f.Add([]byte("0 0 4294967295"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := parseStatus(b); s.seccomp < -1 || s.seccomp > 2 || !s.hasCaps && s.effective != 0 {
			t.Fatalf("%q: %+v", b, s)
		}
		if major, minor, ok := parseRelease(string(b)); major < 0 || minor < 0 || !ok && major+minor != 0 {
			t.Fatalf("%q: %d.%d", b, major, minor)
		}
		parseUIDMap(b)
		parseLockdown(b)
		parseHidepid(b)
	})
}
