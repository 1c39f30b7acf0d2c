package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/probe/kernel"
	"github.com/pktrail/pktrail/internal/probe/netns"
)

// The capabilities that an agent can use, by capabilities(7).
const (
	capNetRaw    = "CAP_NET_RAW"
	capNetAdmin  = "CAP_NET_ADMIN"
	capSysAdmin  = "CAP_SYS_ADMIN"
	capSysPtrace = "CAP_SYS_PTRACE"
	capBPF       = "CAP_BPF"
	capPerfmon   = "CAP_PERFMON"
	capSyslog    = "CAP_SYSLOG"
)

// complaint makes a message of a session's error. Where the kernel has refused
// something, it names the capabilities that the request would have needed and
// that are not there; q is nil where no request has been understood.
func complaint(err error, q *Request) Message {
	m := Message{Kind: KindError, Text: err.Error()}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		m.Hint = h.Hint()
	}
	if q == nil || !errors.Is(err, fs.ErrPermission) {
		return m
	}
	have := missingCapabilities()
	for _, c := range q.needs() {
		if slices.Contains(have, c) {
			m.Missing = append(m.Missing, c)
		}
	}
	return m.refused(err, have, kernel.Confinement())
}

// refused says why the kernel refuses what the capabilities would allow, or
// which of them it would take. lacking are all those that are not there, label
// is what a security module holds the agent to.
func (m Message) refused(err error, lacking []string, label string) Message {
	p, ok := errors.AsType[*netns.PermissionError](err)
	switch {
	case len(m.Missing) > 0:
	case label != "" && (!ok || !slices.Contains(lacking, p.Capability)):
		m.Hint = fmt.Sprintf("AppArmor or SELinux holds the agent to %q: it needs appArmorProfile Unconfined, or seLinuxOptions type spc_t", label)
		return m
	case ok:
		m.Missing = []string{p.Capability}
	default:
		return m
	}
	m.Hint = "the agent has no " + strings.Join(m.Missing, ", ")
	return m
}

// needs lists the capabilities without which a request cannot be done.
func (q *Request) needs() []string {
	need := []string{capNetRaw}
	if q.Trace != nil {
		// CAP_SYSLOG only names functions.
		need = append(need, capNetAdmin, capBPF, capPerfmon)
	}
	own := q.Trace == nil && q.Capture != nil
	if own {
		for _, text := range q.Capture.Targets {
			t, err := netns.ParseTarget(text)
			own = own && err == nil && (t.Kind == netns.Interface || t.Kind == netns.Self)
		}
	}
	if !own {
		need = append(need, capSysAdmin, capSysPtrace)
	}
	return need
}
