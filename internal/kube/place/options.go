package place

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Method is a way in.
type Method string

// The ways in.
const (
	MethodAuto      Method = "auto"      // node, else exec; never ephemeral
	MethodNode      Method = "node"      // an agent on the target's node
	MethodExec      Method = "exec"      // an upload into the running container
	MethodEphemeral Method = "ephemeral" // an ephemeral container in the pod
)

// Methods are all of them, as a flag takes them.
func Methods() []Method {
	return []Method{MethodAuto, MethodNode, MethodEphemeral, MethodExec}
}

// DefaultNamespace is where agents are placed on nodes.
const DefaultNamespace = "pktrail"

// Options say how an agent is placed.
type Options struct {
	// Namespace for agents on nodes; empty is DefaultNamespace.
	Namespace string
	// Image is the agent's, PullPolicy when it is pulled (Always, IfNotPresent,
	// Never); empty is IfNotPresent. PullSecret names a Secret in Namespace.
	Image      string
	PullPolicy string
	PullSecret string
	// ID is this invocation's, User who asks, Version the client's.
	ID, User, Version string
	// Targets and Filter are written beside the agent, for those who find it.
	Targets, Filter string
	// Lifetime bounds the agent's life, from its start.
	Lifetime time.Duration
	// Wait bounds how long an agent may take to run; 0 is a minute.
	Wait time.Duration
}

func (o *Options) namespace() string {
	if o.Namespace == "" {
		return DefaultNamespace
	}
	return o.Namespace
}

func (o *Options) pullPolicy() corev1.PullPolicy {
	if o.PullPolicy == "" {
		return corev1.PullIfNotPresent
	}
	return corev1.PullPolicy(o.PullPolicy)
}

func (o *Options) wait() time.Duration {
	if o.Wait <= 0 {
		return time.Minute
	}
	return o.Wait
}

// Labels and annotations of what is placed, beside kube.LabelName.
const (
	labelManaged = "app.kubernetes.io/managed-by"
	labelID      = "pktrail.io/invocation"
	labelJob     = "pktrail.io/job"
	labelUser    = "pktrail.io/user" // a hash: names hold characters that labels may not
	labelNode    = "pktrail.io/node" // a hash: names may be longer than labels
	noteUser     = "pktrail.io/user"
	noteTargets  = "pktrail.io/targets"
	noteFilter   = "pktrail.io/filter"
	noteVersion  = "pktrail.io/version"

	manager = "pktrail"
)

// hash makes a label's value of any text.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}
