package netns

import (
	"strconv"
	"strings"
)

// Pod is one pod of a cluster, at one time: another one of the same name has
// another UID.
type Pod struct {
	Namespace, Name string
	// UID as the API server writes it, in lower case. A static pod's is the one
	// that the kubelet gave it (annotation kubernetes.io/config.hash): 32 hex
	// digits.
	UID string
}

// String names the pod for people.
func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// Pod takes a kube: target apart; it is empty for any other.
func (t Target) Pod() Pod {
	if t.Kind != Kube {
		return Pod{}
	}
	name, uid, _ := strings.Cut(t.Value, "@")
	namespace, pod, _ := strings.Cut(name, "/")
	return Pod{namespace, pod, uid}
}

func checkKube(v string) (value, why, hint string) {
	const form = "write kube:NAMESPACE/POD@UID, with the pod's metadata.uid"
	name, uid, ok := strings.Cut(v, "@")
	uid = strings.ToLower(uid)
	switch {
	case !ok:
		return "", "the pod's uid is missing", form
	case leadingUID(uid) != uid || uid == "":
		return "", strconv.Quote(uid) + " cannot be a pod's uid", form
	}
	if why, _ := checkCRI(name); why != "" {
		return "", why, form
	}
	return name + "@" + uid, "", ""
}

func checkSelf(v string) (why, hint string) {
	const form = "write self:LABEL, e.g. self:web-x2k8l"
	switch {
	case v == "":
		return "the label is missing", form
	case len(v) > maxName || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "this cannot be a label", form
	}
	return "", ""
}
