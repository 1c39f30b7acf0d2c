package find

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Container is one of a pod's.
type Container struct {
	Name, Image string
	// Runtime and ID are the two halves of its status' "containerd://4f1c...";
	// empty until it has run.
	Runtime, ID string
	// Kind is "init" or "ephemeral"; empty for an ordinary one.
	Kind    string
	Running bool
	// Why says why it does not run: "CrashLoopBackOff", "completed".
	Why string
	// User is the number it runs as; nil if its image says.
	User *int64
	// NonRoot is true if it may not run as root.
	NonRoot bool
	// Privileged, Add and Drop are its capabilities against the runtime's own
	// set, without CAP_; ALL stands for all.
	Privileged bool
	Add, Drop  []string
	// ReadOnly is true if its root file system cannot be written. Folders are
	// those that can be and hold programs (emptyDir and other volumes).
	ReadOnly bool
	Folders  []string
	// Ports are those that it says it listens on.
	Ports []int32
}

func containersOf(p *corev1.Pod) []Container {
	var out []Container
	for i := range p.Spec.Containers {
		out = append(out, containerFrom(p, &p.Spec.Containers[i], "", p.Status.ContainerStatuses))
	}
	for i := range p.Spec.InitContainers {
		out = append(out, containerFrom(p, &p.Spec.InitContainers[i], "init", p.Status.InitContainerStatuses))
	}
	for i := range p.Spec.EphemeralContainers {
		c := corev1.Container(p.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		out = append(out, containerFrom(p, &c, "ephemeral", p.Status.EphemeralContainerStatuses))
	}
	return out
}

func containerFrom(p *corev1.Pod, c *corev1.Container, kind string, states []corev1.ContainerStatus) Container {
	out := Container{Name: c.Name, Image: c.Image, Kind: kind, Why: "not started"}
	for i := range states {
		if s := &states[i]; s.Name == c.Name {
			out.Runtime, out.ID, _ = strings.Cut(s.ContainerID, "://")
			out.Running, out.Why = s.State.Running != nil, whyNot(&s.State)
		}
	}
	for _, port := range c.Ports {
		out.Ports = append(out.Ports, port.ContainerPort)
	}
	out.secure(p.Spec.SecurityContext, c.SecurityContext)
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly && writable(p, m.Name) {
			out.Folders = append(out.Folders, m.MountPath)
		}
	}
	return out
}

// secure takes over what pod and container say of users and rights; the
// container's word counts (Kubernetes: SecurityContext).
func (c *Container) secure(pod *corev1.PodSecurityContext, own *corev1.SecurityContext) {
	if pod != nil {
		c.User = pod.RunAsUser
		c.NonRoot = pod.RunAsNonRoot != nil && *pod.RunAsNonRoot
	}
	if own == nil {
		return
	}
	if own.RunAsUser != nil {
		c.User = own.RunAsUser
	}
	if own.RunAsNonRoot != nil {
		c.NonRoot = *own.RunAsNonRoot
	}
	c.Privileged = own.Privileged != nil && *own.Privileged
	c.ReadOnly = own.ReadOnlyRootFilesystem != nil && *own.ReadOnlyRootFilesystem
	if own.Capabilities != nil {
		c.Add, c.Drop = capabilities(own.Capabilities.Add), capabilities(own.Capabilities.Drop)
	}
}

func capabilities(list []corev1.Capability) []string {
	var out []string
	for _, c := range list {
		out = append(out, strings.TrimPrefix(strings.ToUpper(string(c)), "CAP_"))
	}
	return out
}

// Holds says whether a container has a capability ("NET_RAW") by what its pod
// says: "yes", "no", or "" where it is up to the runtime.
func (c *Container) Holds(capability string) string {
	has := func(list []string) bool {
		return slices.Contains(list, capability) || slices.Contains(list, "ALL")
	}
	switch {
	case c.Privileged, has(c.Add):
		return "yes"
	case has(c.Drop):
		return "no"
	}
	return ""
}

// writable is true for volumes that can be written and hold programs. A
// Secret, ConfigMap, downward or projected volume cannot.
func writable(p *corev1.Pod, volume string) bool {
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Name == volume {
			return v.Secret == nil && v.ConfigMap == nil && v.DownwardAPI == nil && v.Projected == nil && v.Image == nil
		}
	}
	return false
}

// whyNot says why a container does not run; empty if it does.
func whyNot(s *corev1.ContainerState) string {
	switch {
	case s.Running != nil:
		return ""
	case s.Terminated != nil && s.Terminated.ExitCode == 0:
		return "completed"
	case s.Terminated != nil:
		return colon(s.Terminated.Reason, s.Terminated.Message)
	case s.Waiting != nil:
		return colon(s.Waiting.Reason, s.Waiting.Message)
	}
	return "not started"
}
