package kernel

import (
	"bytes"
	"strconv"
	"strings"
)

// status is what we need of /proc/self/status (proc_pid_status(5)).
type status struct {
	// effective are the capabilities in effect, a bit each; valid iff
	// hasCaps.
	effective uint64
	hasCaps   bool
	// seccomp is 0 for none, 1 for strict, 2 for a filter; -1 if the kernel
	// does not say.
	seccomp int
}

func parseStatus(b []byte) status {
	s := status{seccomp: -1}
	for line := range bytes.Lines(b) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "CapEff":
			n, err := strconv.ParseUint(value, 16, 64)
			s.effective, s.hasCaps = n, err == nil
		case "Seccomp":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 2 {
				s.seccomp = n
			}
		}
	}
	return s
}

// has reports whether a capability is in effect; bit is its number in
// linux/capability.h.
func (s status) has(bit int) bool { return s.effective&(1<<bit) != 0 }

// parseUIDMap reports whether the lines of /proc/self/uid_map are those of
// the first user namespace: every id stands for itself
// (user_namespaces(7)).
func parseUIDMap(b []byte) bool {
	f := strings.Fields(string(b))
	return len(f) == 3 && f[0] == "0" && f[1] == "0" && f[2] == "4294967295"
}

// parseLockdown reads /sys/kernel/security/lockdown, "none [integrity]
// confidentiality": the mode in brackets (kernel_lockdown(7)).
func parseLockdown(b []byte) string {
	_, rest, ok := strings.Cut(string(b), "[")
	mode, _, closed := strings.Cut(rest, "]")
	if !ok || !closed {
		return ""
	}
	return mode
}

// parseHidepid gives the option hidepid of the proc file system at /proc, of
// the lines of /proc/self/mountinfo (proc_pid_mountinfo(5)). "" if it is not
// set or not mounted.
func parseHidepid(b []byte) string {
	last := ""
	for line := range bytes.Lines(b) {
		mount, super, ok := strings.Cut(string(line), " - ")
		f, s := strings.Fields(mount), strings.Fields(super)
		if !ok || len(f) < 5 || len(s) < 3 || f[4] != "/proc" || s[0] != "proc" {
			continue
		}
		last = "" // what was mounted later lies on top
		for opt := range strings.SplitSeq(s[2], ",") {
			if v, ok := strings.CutPrefix(opt, "hidepid="); ok {
				last = v
			}
		}
	}
	if last == "0" || last == "off" {
		return ""
	}
	return last
}

// parseRelease reads the numbers at the start of a kernel release such as
// "6.18.44-1-amd64".
func parseRelease(s string) (major, minor int, ok bool) {
	a, rest, _ := strings.Cut(s, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	major, err1 := strconv.Atoi(a)
	minor, err2 := strconv.Atoi(rest[:end])
	if err1 != nil || err2 != nil || major < 0 {
		return 0, 0, false
	}
	return major, minor, true
}
