package netns

import (
	"path"
	"strconv"
	"strings"
)

// Kind is the form of a target, the word before the colon.
type Kind string

// The forms of a target on one machine.
const (
	Netns     Kind = "netns"     // netns:NAME or netns:/PATH
	Pid       Kind = "pid"       // pid:N, a process
	Container Kind = "container" // container:ID, any runtime
	CRI       Kind = "cri"       // cri:NAMESPACE/POD, by the CRI socket
	Interface Kind = "if"        // if:NAME, an interface of our own namespace
	Host      Kind = "host"      // host, the machine's own namespace
	Kube      Kind = "kube"      // kube:NAMESPACE/POD@UID, by the CRI socket or the cgroups
	Self      Kind = "self"      // self:LABEL, our own namespace, which is that pod's
)

// Limits of the kernel that a target is checked against.
const (
	maxPid    = 1 << 22 // PID_MAX_LIMIT on 64 bits, linux/threads.h
	maxIfName = 15      // IFNAMSIZ without its NUL, linux/if.h
	maxName   = 255     // NAME_MAX, linux/limits.h
	maxPath   = 4095    // PATH_MAX without its NUL, linux/limits.h
	maxLabel  = 63      // a DNS label, RFC 1123: a Kubernetes namespace
	maxDomain = 253     // a DNS subdomain, RFC 1123: a pod's name
	minID     = 4       // shortest prefix of a container id that is looked up
	fullID    = 64      // hex digits of a container id
	staticUID = 32      // hex digits of a static pod's uid, an md5
)

// forms is the hint that follows a target of no known form.
const forms = "a target on this machine is netns:NAME, netns:/PATH, pid:N, container:ID, cri:NAMESPACE/POD, if:NAME or host"

// Target is what the user asked for, checked in form only.
type Target struct {
	Kind Kind
	// Value is what stood behind the colon; empty for Host. A container id
	// is in lower case and without a runtime's "containerd://".
	Value string
}

// String gives the target as the user writes it, e.g. "netns:web".
func (t Target) String() string {
	if t.Kind == Host {
		return string(Host)
	}
	return string(t.Kind) + ":" + t.Value
}

// UsageError is a target in a form that does not exist.
type UsageError struct {
	Text string // what the user wrote
	Why  string // what is wrong with it
	hint string
}

func (e *UsageError) Error() string { return "target " + strconv.Quote(e.Text) + ": " + e.Why }

// Hint says what to write instead.
func (e *UsageError) Hint() string { return e.hint }

// ParseTarget reads one target. It opens nothing, so that it gives the same
// answer on every machine; the error is always a *UsageError.
func ParseTarget(s string) (Target, error) {
	if s == string(Host) {
		return Target{Kind: Host}, nil
	}
	kind, value, ok := strings.Cut(s, ":")
	if !ok {
		return Target{}, &UsageError{s, "it has no known form", forms}
	}
	t := Target{Kind: Kind(kind), Value: value}
	var why, hint string
	switch t.Kind {
	case Netns:
		why, hint = checkNetns(value)
	case Pid:
		why, hint = checkPid(value)
		t.Value = strings.TrimLeft(value, "0")
	case Container:
		t.Value, why, hint = checkContainer(value)
	case CRI:
		why, hint = checkCRI(value)
	case Interface:
		why, hint = checkInterface(value)
	case Kube:
		t.Value, why, hint = checkKube(value)
	case Self:
		why, hint = checkSelf(value)
	case Host:
		why, hint = "host takes no value", "write host"
	default:
		why, hint = "there is no form "+strconv.Quote(kind+":"), forms
	}
	if why != "" {
		return Target{}, &UsageError{s, why, hint}
	}
	return t, nil
}

func checkNetns(v string) (why, hint string) {
	const form = "write netns:NAME as `ip netns list` shows it, or netns:/absolute/path"
	switch {
	case v == "":
		return "the name is missing", form
	case strings.ContainsRune(v, 0):
		return "a name cannot contain a zero byte", form
	case strings.HasPrefix(v, "/"):
		if len(v) > maxPath || strings.HasSuffix(v, "/") || path.Clean(v) == "/" {
			return "this is no path of a file", form
		}
	case strings.Contains(v, "/"):
		return "a path must be absolute", form
	case v == ".", v == "..", len(v) > maxName:
		return "this cannot be a namespace's name", form
	}
	return "", ""
}

func checkPid(v string) (why, hint string) {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n < 1 || n > maxPid {
		return "a process id is a number from 1 to " + strconv.Itoa(maxPid), "write pid:N, e.g. pid:4711"
	}
	return "", ""
}

// checkContainer also takes the id as Kubernetes prints it in a pod's status,
// "containerd://3f2a...".
func checkContainer(v string) (id, why, hint string) {
	const form = "write at least 4 hex digits of its id; a name has one too: docker inspect -f '{{.Id}}' NAME"
	if _, rest, ok := strings.Cut(v, "://"); ok {
		v = rest
	}
	id = strings.ToLower(v)
	switch {
	case id == "":
		return "", "the container id is missing", form
	case !isHex(id):
		return "", "a container id consists of hex digits", form
	case len(id) < minID:
		return "", "the container id is too short", form
	case len(id) > fullID:
		return "", "a container id has at most 64 hex digits", form
	}
	return id, "", ""
}

func checkCRI(v string) (why, hint string) {
	const form = "write cri:NAMESPACE/POD, e.g. cri:kube-system/coredns-7d8f9"
	namespace, pod, ok := strings.Cut(v, "/")
	switch {
	case v == "":
		return "the pod is missing", form
	case !ok:
		return "the pod's namespace is missing", "write cri:default/" + v + " for a pod in the namespace default"
	case len(namespace) > maxLabel || strings.Contains(namespace, ".") || !isSubdomain(namespace):
		return strconv.Quote(namespace) + " cannot be a Kubernetes namespace", form
	case !isSubdomain(pod):
		return strconv.Quote(pod) + " cannot be a pod's name", form
	}
	return "", ""
}

// checkInterface follows dev_valid_name in net/core/dev.c.
func checkInterface(v string) (why, hint string) {
	const form = "write if:NAME as `ip link` shows it, e.g. if:eth0"
	switch {
	case v == "":
		return "the interface's name is missing", form
	case len(v) > maxIfName:
		return "an interface's name has at most 15 bytes", form
	case v == ".", v == "..", strings.ContainsAny(v, "/: \t\n\v\f\r\x00"):
		return "this cannot be an interface's name", form
	}
	return "", ""
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// isSubdomain follows RFC 1123 as Kubernetes does: lower case letters, digits,
// '-' and '.', a letter or digit at both ends of every label.
func isSubdomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
