package agent

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// What the kernel refuses is put down to a capability that is not there, else
// to the security module that holds the agent.
func TestRefused(t *testing.T) {
	ptrace := &netns.PermissionError{Op: "open network namespace", Capability: capSysPtrace, Err: fs.ErrPermission}
	for _, c := range []struct {
		name    string
		err     error
		missing []string // of what the request needs
		lacking []string
		label   string
		want    string
	}{
		{"a capability", ptrace, []string{capSysPtrace}, []string{capSysPtrace}, "docker-default (enforce)", "no CAP_SYS_PTRACE"},
		{"AppArmor", ptrace, nil, nil, "docker-default (enforce)", `holds the agent to "docker-default (enforce)"`},
		{"SELinux", fs.ErrPermission, nil, nil, "system_u:system_r:container_t:s0", "container_t"},
		{"nobody knows", ptrace, nil, nil, "", "no CAP_SYS_PTRACE"},
		{"nothing to say", fs.ErrPermission, nil, nil, "", ""},
	} {
		got := Message{Missing: c.missing}.refused(c.err, c.lacking, c.label)
		if c.want == "" && got.Hint != "" || !strings.Contains(got.Hint, c.want) {
			t.Errorf("%s: hint %q", c.name, got.Hint)
		}
	}
}
