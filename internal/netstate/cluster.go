package netstate

import "net/netip"

// Cluster is what the API server says of the objects that names come from.
type Cluster struct {
	// Context is the kubeconfig's, Server the API server's address, Version its
	// Kubernetes'.
	Context string `json:"context,omitempty"`
	Server  string `json:"server,omitempty"`
	Version string `json:"version,omitempty"`

	Nodes    []ClusterNode `json:"nodes,omitempty"`
	Pods     []Pod         `json:"pods,omitempty"`
	Services []Service     `json:"services,omitempty"`
	Policies []Policy      `json:"policies,omitempty"`
	// Unreadable are kinds of objects that the user may not list.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
}

// ClusterNode is a node as the API server knows it.
type ClusterNode struct {
	Name      string         `json:"name"`
	Addresses []netip.Addr   `json:"addresses,omitempty"`
	PodCIDRs  []netip.Prefix `json:"podCidrs,omitempty"`
	OS        string         `json:"os,omitempty"`
	Arch      string         `json:"arch,omitempty"`
	Runtime   string         `json:"runtime,omitempty"`
	Kernel    string         `json:"kernel,omitempty"`
	Ready     bool           `json:"ready,omitempty"`
}

// Pod is a pod as the API server knows it.
type Pod struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	UID         string            `json:"uid"`
	Node        string            `json:"node,omitempty"`
	Addresses   []netip.Addr      `json:"addresses,omitempty"`
	HostNetwork bool              `json:"hostNetwork,omitempty"`
	Phase       string            `json:"phase,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Containers  []string          `json:"containers,omitempty"`
	// Owners are the workloads that it is of, nearest first: "rs/web-5f7d9",
	// "deploy/web".
	Owners []string `json:"owners,omitempty"`
	// HostPorts are container ports that the node itself has.
	HostPorts []HostPort `json:"hostPorts,omitempty"`
}

// HostPort is a container's port that its node has too.
type HostPort struct {
	// Proto is "TCP", "UDP" or "SCTP".
	Proto         string     `json:"proto"`
	HostIP        netip.Addr `json:"hostIp,omitzero"`
	HostPort      uint16     `json:"hostPort"`
	ContainerPort uint16     `json:"containerPort"`
}

// Service is a service with the endpoints of its slices.
type Service struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Type is "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName".
	Type       string       `json:"type"`
	ClusterIPs []netip.Addr `json:"clusterIps,omitempty"`
	// Outside are its external and load balancer addresses.
	Outside []netip.Addr  `json:"outside,omitempty"`
	Ports   []ServicePort `json:"ports,omitempty"`
	// Local is true if packets from outside go to the node's own pods alone
	// (externalTrafficPolicy Local).
	Local     bool       `json:"local,omitempty"`
	Endpoints []Endpoint `json:"endpoints,omitempty"`
}

// ServicePort is a port of a Service.
type ServicePort struct {
	Name     string `json:"name,omitempty"`
	Proto    string `json:"proto"`
	Port     uint16 `json:"port"`
	NodePort uint16 `json:"nodePort,omitempty"`
}

// Endpoint is one address behind a service's port.
type Endpoint struct {
	Addr netip.Addr `json:"addr"`
	// PortName is that of the ServicePort, Port the endpoint's own.
	PortName string `json:"portName,omitempty"`
	Proto    string `json:"proto"`
	Port     uint16 `json:"port"`
	Ready    bool   `json:"ready,omitempty"`
	// Pod is "namespace/name"; empty for an address that is no pod's.
	Pod  string `json:"pod,omitempty"`
	Node string `json:"node,omitempty"`
}

// Policy is a network policy, with its words as JSON.
type Policy struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Spec is the spec of the NetworkPolicy as the API server writes it.
	Spec string `json:"spec,omitempty"`
}
