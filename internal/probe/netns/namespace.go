package netns

import (
	"os"
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// Options of Open. The zero value is right for a machine that pktrail runs on
// directly.
type Options struct {
	// CRISocket is the runtime's unix socket, as a path or as
	// "unix:///path". Empty: the first well-known one that answers.
	CRISocket string
	// ProcRoot is where the proc file system of the machine is mounted.
	// Empty: /proc. Our own threads are always found in /proc.
	ProcRoot string
	// Node is the machine's name. Empty: the host name.
	Node string
}

// Namespace is an open network namespace. It stays valid when the process or
// the name by which it was found goes away. All methods may be called from
// several goroutines at once.
type Namespace struct {
	// Target is what was asked for.
	Target Target
	// Label is a short name for the screen and for files: the namespace's
	// name, the pod's name, the first 12 digits of the container id, the
	// process's name and id as "nginx-4711", the machine's name.
	Label string
	// Inode identifies the namespace on this machine until it is gone.
	Inode uint64
	// PID is a process in the namespace; valid iff positive.
	PID int
	// ContainerID is the full id; valid iff not empty.
	ContainerID string
	// HostNetwork is true if this is the machine's own namespace (or the one
	// that pktrail itself runs in), so that what is captured here is not the
	// target's alone.
	HostNetwork bool

	file *os.File
	env  env
	// device is the interface of an if: target, in its first name.
	device string
}

// Device is one interface of a namespace.
type Device struct {
	trail.Point
	// Up is true if the interface is administratively up (IFF_UP).
	Up bool
	// Loopback is true for lo, Idle for what a tunnel module makes in every
	// namespace and nobody uses: tunl0, gre0, sit0 and so on.
	Loopback, Idle bool
	// Alias is the description that somebody gave it (IFLA_IFALIAS).
	Alias string
	// AltNames are its further names (IFLA_PROP_LIST).
	AltNames []string
}

// Interface is the one that an if: target is about, by its first name; empty for
// other targets.
func (n *Namespace) Interface() string { return n.device }

// HasName reports whether the device goes by this name.
func (d Device) HasName(name string) bool {
	return d.Interface == name || slices.Contains(d.AltNames, name)
}
