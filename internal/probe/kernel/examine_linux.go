package kernel

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Examine asks everything. It takes milliseconds, or some seconds where a
// container runtime hangs; ctx ends that.
func Examine(ctx context.Context) []Check {
	b, err := os.ReadFile("/proc/self/status")
	st := parseStatus(b)
	if err != nil {
		st = status{seccomp: -1}
	}
	r := release()
	checks := []Check{r.check()}
	checks = append(checks, capabilities(st)...)
	return append(checks,
		userNamespace(), packetRing(), enterNamespace(), namedNamespaces(), processes(st),
		runtimes(ctx), btf(), lockdown(), memlock(st, r), bpfLoad(), rawTracepoint(), seccomp(st), confinement())
}

// version is the running kernel's.
type version struct {
	text         string
	major, minor int
	ok           bool
}

func release() version {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return version{}
	}
	v := version{text: unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])}
	v.major, v.minor, v.ok = parseRelease(v.text)
	return v
}

func (v version) atLeast(major, minor int) bool {
	return v.ok && (v.major > major || v.major == major && v.minor >= minor)
}

// check asks for Linux 5.5, the first with BPF programs on tracepoints that
// know the types of their arguments (BPF_TRACE_RAW_TP); capture works on
// anything since 3.2, and packetRing tries it.
func (v version) check() Check {
	c := Check{Name: "kernel", State: OK, Detail: v.text, Needs: []Use{Trace}}
	switch {
	case !v.ok:
		c.State, c.Hint = Unknown, "the kernel's release could not be read"
	case !v.atLeast(5, 5):
		c.State, c.Hint = No, "tracing needs Linux 5.5 or later"
	case !v.atLeast(6, 4):
		c.Hint = "before Linux 6.4 the netfilter hooks cannot be watched by BPF"
	}
	return c
}

// capability is one that something of ours asks for.
type capability struct {
	name string
	bit  int
	// also is a capability that includes it, -1 for none.
	also         int
	needs, helps []Use
	hint         string
}

func capabilities(st status) []Check {
	const none = -1
	all := []capability{
		{"CAP_NET_RAW", unix.CAP_NET_RAW, none, []Use{Capture, Trace}, nil, "packet sockets are refused without it"},
		{"CAP_NET_ADMIN", unix.CAP_NET_ADMIN, none, []Use{Trace}, []Use{Capture}, "without it no promiscuous mode and no netfilter tracing"},
		{"CAP_SYS_ADMIN", unix.CAP_SYS_ADMIN, none, nil, []Use{Capture, Trace}, "without it only our own network namespace can be captured"},
		{"CAP_SYS_PTRACE", unix.CAP_SYS_PTRACE, none, nil, []Use{Capture, Trace}, "without it the namespaces of other users' processes are closed: pid:, container: and most cri: targets"},
		{"CAP_BPF", unix.CAP_BPF, unix.CAP_SYS_ADMIN, []Use{Trace}, nil, "BPF programs are refused without it"},
		{"CAP_PERFMON", unix.CAP_PERFMON, unix.CAP_SYS_ADMIN, []Use{Trace}, nil, "BPF programs on tracepoints are refused without it"},
		{"CAP_SYSLOG", unix.CAP_SYSLOG, none, nil, []Use{Trace}, "without it drops have addresses in place of function names"},
	}
	checks := make([]Check, 0, len(all))
	for _, c := range all {
		k := Check{Name: c.name, State: OK, Needs: c.needs, Helps: c.helps}
		switch {
		case !st.hasCaps:
			k.State, k.Detail, k.Hint = Unknown, "/proc/self/status could not be read", c.hint
		case st.has(c.bit):
		case c.also >= 0 && st.has(c.also):
			k.Detail = "by CAP_SYS_ADMIN"
		default:
			k.State, k.Hint = No, c.hint
		}
		checks = append(checks, k)
	}
	return checks
}

// answer turns the error of a try into the three answers. refused says what
// to do about a refusal.
func answer(c Check, err error, refused string) Check {
	if err == nil {
		c.State = OK
		return c
	}
	c.State, c.Detail = No, err.Error()
	if isRefusal(err) {
		c.Hint = refused
	}
	return c
}

func unreadable(c Check, err error) Check {
	c.State, c.Detail = Unknown, fmt.Sprint(err)
	return c
}
