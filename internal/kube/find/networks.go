package find

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Annotations of Multus and other meta plugins (Network Plumbing Working
// Group, Kubernetes Network Custom Resource Definition De-facto Standard).
const (
	networksWanted = "k8s.v1.cni.cncf.io/networks"
	networksStatus = "k8s.v1.cni.cncf.io/network-status"
)

// networkStatus is one entry of the status annotation.
type networkStatus struct {
	Name      string `json:"name"`
	Interface string `json:"interface"`
	Device    *struct {
		Type string `json:"type"` // pci, vdpa, vhost-user, memif
	} `json:"device-info"`
}

// Networks gives the names of a pod's further networks, and those of its
// interfaces whose packets pass the kernels of pod and node by, each with the
// reason.
func Networks(p *corev1.Pod) (names, devices []string) {
	names = wanted(p.Annotations[networksWanted])
	var list []networkStatus
	if json.Unmarshal([]byte(p.Annotations[networksStatus]), &list) != nil {
		return names, nil
	}
	for _, n := range list {
		if n.Device == nil || n.Device.Type == "" {
			continue
		}
		name := n.Interface
		if name == "" {
			name = n.Name
		}
		devices = append(devices, name+" ("+n.Device.Type+")")
	}
	return names, devices
}

// wanted reads "a, ns/b@net1" or the same as JSON.
func wanted(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	var names []string
	if strings.HasPrefix(text, "[") {
		var list []struct {
			Name string `json:"name"`
		}
		if json.Unmarshal([]byte(text), &list) != nil {
			return nil
		}
		for _, n := range list {
			names = append(names, n.Name)
		}
		return names
	}
	for word := range strings.SplitSeq(text, ",") {
		word, _, _ = strings.Cut(strings.TrimSpace(word), "@")
		if word != "" {
			names = append(names, word)
		}
	}
	return names
}
