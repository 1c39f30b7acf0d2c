package find

import (
	corev1 "k8s.io/api/core/v1"
)

// state says whether a pod has a network namespace now, and in words what is
// odd about it ("is Pending: not scheduled: 0/2 nodes are available"); empty
// for a pod that runs as it should.
func state(p *corev1.Pod) (usable bool, words string) {
	switch p.Status.Phase {
	case corev1.PodSucceeded:
		return false, "has completed"
	case corev1.PodFailed:
		return false, colon("has failed", p.Status.Reason, p.Status.Message)
	case corev1.PodRunning:
		if p.DeletionTimestamp != nil {
			return true, "is being deleted"
		}
		return true, ""
	case corev1.PodUnknown:
		return false, "is in an unknown state: its node does not answer"
	}
	if p.DeletionTimestamp != nil {
		return false, "is being deleted before it ran"
	}
	if p.Spec.NodeName == "" {
		return false, colon("is Pending", "not scheduled", scheduling(p))
	}
	// With an address the sandbox is there, though containers are still to come.
	if len(p.Status.PodIPs) > 0 && !p.Spec.HostNetwork {
		return true, colon("is Pending", waiting(p))
	}
	return false, colon("is Pending", waiting(p))
}

// scheduling says why the scheduler has found no node.
func scheduling(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue {
			return c.Message
		}
	}
	return "no scheduler has looked at it yet"
}

// waiting names what a pod on a node waits for: the init container that runs,
// else the first container that cannot start.
func waiting(p *corev1.Pod) string {
	for i := range p.Status.InitContainerStatuses {
		c := &p.Status.InitContainerStatuses[i]
		if c.State.Terminated != nil && c.State.Terminated.ExitCode == 0 || c.Started != nil && *c.Started && restarts(p, c.Name) {
			continue // done, or a sidecar that runs
		}
		if c.State.Running != nil {
			return "init container " + c.Name + " is running"
		}
		return colon("init container "+c.Name, whyNot(&c.State))
	}
	for i := range p.Status.ContainerStatuses {
		c := &p.Status.ContainerStatuses[i]
		if c.State.Running == nil {
			return colon("container "+c.Name, whyNot(&c.State))
		}
	}
	return "node " + p.Spec.NodeName + " has not started it yet"
}

// restarts is true for init containers that stay (sidecars).
func restarts(p *corev1.Pod, name string) bool {
	for i := range p.Spec.InitContainers {
		if c := &p.Spec.InitContainers[i]; c.Name == name {
			return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		}
	}
	return false
}
