package kernel

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func btf() Check {
	const path = "/sys/kernel/btf/vmlinux"
	c := Check{Name: "BTF", Needs: []Use{Trace}, Detail: path}
	f, err := os.Open(path)
	switch {
	case err == nil:
		_ = f.Close()
		c.State = OK
	case errors.Is(err, fs.ErrNotExist):
		c.State, c.Detail = No, "no "+path
		c.Hint = "the kernel was built without CONFIG_DEBUG_INFO_BTF, or /sys is not mounted"
	default:
		return unreadable(c, err)
	}
	return c
}

func lockdown() Check {
	c := Check{Name: "lockdown", Needs: []Use{Trace}}
	b, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		// Without the file there is no lockdown, or it cannot be seen: the
		// tries of BPF tell. So nothing depends on this answer.
		c.Needs, c.Helps = nil, []Use{Trace}
		return unreadable(c, err)
	}
	c.State, c.Detail = OK, parseLockdown(b)
	if c.Detail == "confidentiality" {
		c.State, c.Hint = No, "BPF programs may not read kernel memory in this mode"
	}
	return c
}

func userNamespace() Check {
	c := Check{Name: "first user namespace", Needs: []Use{Trace}, Helps: []Use{Capture}}
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return unreadable(c, err)
	}
	c.State = OK
	if !parseUIDMap(b) {
		c.State, c.Detail = No, "ids are mapped: "+strings.Join(strings.Fields(string(b)), " ")
		c.Hint = "capabilities count only for what belongs to this user namespace: run without it"
	}
	return c
}

func seccomp(st status) Check {
	c := Check{Name: "no seccomp filter", Helps: []Use{Capture, Trace}}
	switch st.seccomp {
	case 0:
		c.State = OK
	case 1, 2:
		c.State, c.Detail = Unknown, "a filter is on"
		c.Hint = "what it refuses shows only when it is tried: see the other answers"
	default:
		c.State, c.Detail = Unknown, "the kernel does not say"
	}
	return c
}

// Confinement is the label to which AppArmor or SELinux holds this process, as
// "docker-default (enforce)"; empty where neither does, or it is one that
// refuses nothing.
func Confinement() string {
	if c := confinement(); c.State == Unknown {
		return c.Detail
	}
	return ""
}

// confinement reads what AppArmor or SELinux holds this process to.
func confinement() Check {
	c := Check{Name: "no AppArmor or SELinux confinement", Helps: []Use{Capture, Trace}}
	b, err := os.ReadFile("/proc/self/attr/current")
	label := strings.TrimRight(string(b), "\x00\n")
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, fs.ErrNotExist), err == nil && label == "":
		c.State, c.Detail = OK, "no such module is active"
		return c
	case err != nil:
		return unreadable(c, err)
	}
	c.Detail = label
	enforce, err := os.ReadFile("/sys/fs/selinux/enforce")
	if err == nil && strings.TrimSpace(string(enforce)) == "0" {
		c.Detail += " (permissive)"
	}
	c.State = confined(c.Detail)
	if c.State != OK {
		c.Hint = "reading /proc of other processes and the runtime's socket may be refused: appArmorProfile Unconfined, or seLinuxOptions type spc_t"
	}
	return c
}
