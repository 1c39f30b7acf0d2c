package kube

// What pktrail's own agents in a cluster are known by.
const (
	// LabelName is the label that says what a pod or a job is.
	LabelName = "app.kubernetes.io/name"
	// AgentName is its value on agents, and what their image is called.
	AgentName = "pktrail-agent"
)
