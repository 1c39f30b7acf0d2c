package netns

import (
	"bytes"
	"strings"
)

// owner is what a process's cgroups say about it.
type owner struct {
	// container is the id of the innermost container, 64 hex digits.
	container string
	// podUID is the uid of the innermost pod, with '-' between its parts as
	// the API server writes it; a static pod's has 32 digits and none.
	podUID string
}

// parseCgroup reads the content of /proc/PID/cgroup (cgroups(7)): lines of
// hierarchy:controllers:path, cgroup v1, v2 or both. The path is relative to
// the reader's cgroup namespace, so that it may begin with "/../..", and may
// itself contain colons (containerd under a wrong driver). Only its segments
// are looked at: every runtime puts the id there in a form of its own.
//
// A process that watches over a container (conmon of cri-o and podman) lives
// in the node's namespace, not in the container's: it has no owner.
func parseCgroup(b []byte) owner {
	var o owner
	for line := range bytes.Lines(b) {
		parts := strings.SplitN(strings.TrimSuffix(string(line), "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if isWatcher(parts[2]) {
			return owner{}
		}
		id, uid := parseCgroupPath(parts[2])
		if o.container == "" {
			o.container = id
		}
		if o.podUID == "" {
			o.podUID = uid
		}
	}
	return o
}

func isWatcher(path string) bool {
	return strings.Contains(path, "crio-conmon-") || strings.Contains(path, "libpod-conmon-")
}

// parseCgroupPath takes the last id and uid of the path: in a container that
// runs containers (kind, docker in docker) the innermost is the process's.
func parseCgroupPath(path string) (container, podUID string) {
	for seg := range strings.SplitSeq(path, "/") {
		if id := idIn(seg); id != "" {
			container = id
		}
		if uid := podUIDIn(seg); uid != "" {
			podUID = uid
		}
	}
	return container, podUID
}

// idIn finds a container id in one path segment: "docker-ID.scope",
// "cri-containerd-ID.scope", "crio-ID", "libpod-payload-ID", "kata_ID",
// "kubepods-pod1.slice:cri-containerd:ID" or ID alone.
func idIn(seg string) string {
	seg = strings.TrimSuffix(seg, ".scope")
	if len(seg) < fullID {
		return ""
	}
	id := seg[len(seg)-fullID:]
	if !isHex(id) {
		return ""
	}
	if rest := seg[:len(seg)-fullID]; rest != "" && !strings.ContainsAny(rest[len(rest)-1:], "-_:") {
		return "" // part of something longer
	}
	return id
}

// podUIDIn finds a pod's uid in one path segment: "podUID" with the cgroupfs
// driver, "kubepods-burstable-podUID.slice" and '_' for '-' with systemd.
func podUIDIn(seg string) string {
	_, rest, ok := strings.Cut(seg, "pod")
	for ok {
		if uid := leadingUID(rest); uid != "" {
			return uid
		}
		_, rest, ok = strings.Cut(rest, "pod")
	}
	return ""
}

// leadingUID reads a uid of the forms 8-4-4-4-12 and 32 digits.
func leadingUID(s string) string {
	const long, short = 36, staticUID
	if len(s) >= long {
		uid := strings.ReplaceAll(s[:long], "_", "-")
		if isUUID(uid) && endsUID(s[long:]) {
			return uid
		}
	}
	if len(s) >= short && isHex(s[:short]) && endsUID(s[short:]) {
		return s[:short]
	}
	return ""
}

func isUUID(s string) bool {
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i : i+1]) {
			return false
		}
	}
	return true
}

func endsUID(rest string) bool {
	return rest == "" || rest[0] == '.' || rest[0] == ':'
}
