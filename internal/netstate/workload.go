package netstate

// Workload is a pod, or a container that is of none, on a node.
type Workload struct {
	// Namespace, Pod and UID are Kubernetes' names; empty for a container of no
	// pod.
	Namespace string `json:"namespace,omitempty"`
	Pod       string `json:"pod,omitempty"`
	UID       string `json:"uid,omitempty"`
	// Netns is the inode of its network namespace; 0 if it is not known.
	Netns uint64 `json:"netns,omitempty"`
	// HostNetwork is true if that is the node's own.
	HostNetwork bool `json:"hostNetwork,omitempty"`
	// PID is a process of it (the pod's sandbox where there is one); valid iff
	// positive.
	PID int `json:"pid,omitempty"`
	// Runtime is "containerd", "cri-o", "docker", ...; empty if it is not known.
	Runtime    string      `json:"runtime,omitempty"`
	Containers []Container `json:"containers,omitempty"`
	// From says where this is known from: "cri", "docker", "cgroup".
	From string `json:"from,omitempty"`
}

// Container is one container of a Workload.
type Container struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Image string `json:"image,omitempty"`
	PID   int    `json:"pid,omitempty"`
}
