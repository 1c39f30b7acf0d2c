package action

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// Ends of agents' lives, on clusters.
const (
	// DefaultReconnect is how long a broken connection is tried again: as long
	// as an agent waits for its client.
	DefaultReconnect = 30 * time.Second
	// longest is the life of an agent whose capture has no limit of time.
	longest = 24 * time.Hour
	// margin is what an agent's life is longer than its capture.
	margin = 5 * time.Minute
)

// ClusterOptions say which cluster is meant, and how to get into it.
type ClusterOptions struct {
	// Loader is what kubectl's flags say.
	Loader kube.Loader
	// Selector picks pods by label, AllNamespaces in every namespace.
	Selector      string
	AllNamespaces bool
	// Container is the container that is meant; empty is the pod's default.
	Container string
	// Follow takes pods that come later.
	Follow bool
	// MaxTargets is how many pods and nodes are taken at most; 0 is 20 and 10.
	MaxTargets int
	// Method is the way in: auto, node, ephemeral or exec; empty is auto.
	Method string
	// Namespace is where agents are placed, Image what they are made of; empty
	// is the default.
	Namespace, Image       string
	PullPolicy, PullSecret string
	// Reconnect is how long a broken connection is tried again; 0 is not at
	// all.
	Reconnect time.Duration
	// Compress says whether the streams are packed: auto, on or off.
	Compress string
	// Version is ours.
	Version string
}

func (o *ClusterOptions) check() error {
	switch {
	case !slices.Contains(place.Methods(), o.method()):
		return Usage("--method auto, node, ephemeral or exec", fmt.Errorf("unknown method %q", o.Method))
	case o.MaxTargets < 0:
		return Usage("--max-targets takes a number of pods", fmt.Errorf("max-targets %d", o.MaxTargets))
	case !slices.Contains([]string{"", "auto", "on", "off"}, o.Compress):
		return Usage("--compress auto, on or off", fmt.Errorf("compress %q", o.Compress))
	case !slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, o.PullPolicy):
		return Usage("--image-pull-policy Always, IfNotPresent or Never", fmt.Errorf("pull policy %q", o.PullPolicy))
	case o.Reconnect < 0:
		return Usage("--reconnect 30s; 0 gives up at once", fmt.Errorf("reconnect %v", o.Reconnect))
	}
	return nil
}

func (o *ClusterOptions) method() place.Method {
	if o.Method == "" {
		return place.MethodAuto
	}
	return place.Method(o.Method)
}

// InNamespace is that of -n, else the context's; empty if no cluster is
// configured.
func (o *ClusterOptions) InNamespace() string {
	ns, _, err := o.Loader.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return ""
	}
	return ns
}

// query is what find is asked.
func (o *ClusterOptions) query(targets []string, namespace string, filtered bool) find.Query {
	q := find.Query{
		Targets: targets, Selector: o.Selector, Namespace: namespace, AllNamespaces: o.AllNamespaces,
		Container: o.Container, MaxPods: o.MaxTargets, MaxNodes: o.MaxTargets, HasFilter: filtered, Follow: o.Follow,
	}
	return q
}

// IsLocal reports whether a target is of this machine by its form, and none of
// a cluster: netns:NAME, pid:N, container:ID, cri:NS/POD, if:NAME, host.
func IsLocal(target string) bool {
	if agent.CheckTarget(target) == nil {
		return true
	}
	kind, _, found := strings.Cut(target, ":")
	return found && slices.Contains([]string{"netns", "pid", "container", "cri", "if"}, kind)
}

// IsLocalEnd is IsLocal for an end of a trace, which may be an address, "any",
// and have a port.
func IsLocalEnd(text string) bool {
	_, err := follow.ParseEndpoint(text)
	host, _, _ := strings.Cut(text, ":")
	almost := strings.HasPrefix(text, "[") || strings.Contains(host, ".") && strings.Trim(host, "0123456789.") == ""
	return err == nil || IsLocal(text) || almost
}

// What waits on this side, in bytes: of all agents' streams together before
// they are merged, what an agent keeps for us at most and at least, and what
// the merge holds. A client stays below 100 MB with any number of agents.
const (
	roomAll   = 16 << 20
	roomMost  = 8 << 20
	roomLeast = 1 << 20
	mergeRoom = 8 << 20
	// gcPercent is how much of our heap may be garbage while streams come: what
	// waits is large and lives long, and doubling it buys nothing.
	gcPercent = 25
)

// room is how much each of so many agents may keep for us.
func room(agents int) int {
	return min(max(roomAll/max(agents, 1), roomLeast), roomMost)
}

// life is how long an agent may live for a capture of this duration.
func life(d time.Duration) time.Duration {
	if d <= 0 {
		return longest
	}
	return min(d+margin, longest)
}
