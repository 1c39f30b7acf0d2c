package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/pktrail/pktrail/internal/action"
)

// clusterFlags are kubectl's flags, and how to get into a cluster.
type clusterFlags struct {
	options    action.ClusterOptions
	config     *genericclioptions.ConfigFlags
	privileged bool
	reconnect  span
}

// shown are those of kubectl's flags that help lists; the others work too.
var shown = map[string]string{"namespace": "n", "context": "x", "kubeconfig": ""}

// bindCluster adds kubectl's flags. Its -s (--server) is tcpdump's snap length
// here, and -x is ksniff's for --context.
func bindCluster(cmd *cobra.Command) *clusterFlags {
	c := &clusterFlags{config: genericclioptions.NewConfigFlags(true)}
	kubectl := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	c.config.AddFlags(kubectl)
	f := cmd.Flags()
	kubectl.VisitAll(func(k *pflag.Flag) {
		short, listed := shown[k.Name]
		k.Shorthand, k.Hidden = short, !listed
		f.AddFlag(k)
	})
	f.Lookup("namespace").Usage = "namespace of pods (default: the context's)"
	f.Lookup("context").Usage = "kubeconfig context; kubectl's other flags (--as, --token, --cluster, ...) work too"
	f.Lookup("kubeconfig").Usage = "kubeconfig file (default: KUBECONFIG, ~/.kube/config)"
	_ = cmd.RegisterFlagCompletionFunc("namespace", c.completeNames("ns/")) // neither can err: the flags were just made
	_ = cmd.RegisterFlagCompletionFunc("context", c.completeContexts)
	return c
}

// bindPods adds the flags that choose pods.
func (c *clusterFlags) bindPods(cmd *cobra.Command) {
	f, o := cmd.Flags(), &c.options
	f.StringVarP(&o.Selector, "selector", "l", "", "pods with these labels, as in kubectl")
	f.BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "with -l: pods of all namespaces")
	f.StringVarP(&o.Container, "container", "c", "", "container of the pod (default: the pod's own default)")
	f.IntVar(&o.MaxTargets, "max-targets", 0, "take as many pods and nodes (default 20 pods, 10 nodes)")
	_ = cmd.RegisterFlagCompletionFunc("container", c.completeContainers) // cannot err: the flag was just made
}

// bindNodes adds the flags that choose nodes, by themselves or by their pods.
func (c *clusterFlags) bindNodes(cmd *cobra.Command) {
	f, o := cmd.Flags(), &c.options
	f.StringVarP(&o.Selector, "selector", "l", "", "nodes of the pods with these labels")
	f.BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "every node; with -l: those of pods of all namespaces")
	f.IntVar(&o.MaxTargets, "max-targets", 0, "take as many pods and nodes (default 20 pods, 10 nodes)")
}

// orHere gives the cluster's options where a cluster is meant: by a target, by
// a flag of kubectl's, or since kubectl runs us. Else it is this machine.
func (c *clusterFlags) orHere(cmd *cobra.Command, s Streams, targets []string) (*action.ClusterOptions, error) {
	if len(targets) == 0 && (s.plugin || c.chosen(cmd)) || c.wanted(targets) {
		return c.finish(), nil
	}
	return nil, c.refuseLocal(cmd)
}

// chosen reports whether a flag of kubectl's says which cluster is meant.
func (c *clusterFlags) chosen(cmd *cobra.Command) bool {
	kubectl := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	genericclioptions.NewConfigFlags(true).AddFlags(kubectl)
	chosen := false
	cmd.Flags().Visit(func(f *pflag.Flag) { chosen = chosen || kubectl.Lookup(f.Name) != nil })
	return chosen
}

// bindWay adds the flags that say how to get in.
func (c *clusterFlags) bindWay(cmd *cobra.Command) {
	f, o := cmd.Flags(), &c.options
	c.reconnect = span(action.DefaultReconnect)
	f.StringVar(&o.Method, "method", "auto", "way into the cluster: node (an agent on the node), exec (upload into the container), ephemeral; auto is node, else exec")
	f.StringVar(&o.Namespace, "agent-namespace", "", "namespace for agents (default pktrail, made on first use)")
	f.StringVar(&o.Image, "image", "", "the agent's image (pktrail image save|push makes it)")
	f.StringVar(&o.PullSecret, "image-pull-secret", "", "secret in the agents' namespace to pull it with")
	f.StringVar(&o.PullPolicy, "image-pull-policy", "", "Always, IfNotPresent or Never (default IfNotPresent)")
	f.Var(&c.reconnect, "reconnect", "try a broken connection again for this long; 0 gives up at once")
	f.StringVar(&o.Compress, "compress", "auto", "pack what comes from agents: auto, on or off")
	_ = cmd.RegisterFlagCompletionFunc("agent-namespace", c.completeNames("ns/")) // cannot err: the flag was just made
	_ = cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions(
		[]cobra.Completion{"auto", "node", "exec", "ephemeral"}, cobra.ShellCompDirectiveNoFileComp)) // cannot err: the flag was just made
}

// bindKsniff adds what users of ksniff have in their hands.
func (c *clusterFlags) bindKsniff(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&c.privileged, "privileged", "p", false, "the same as --method node")
	_ = f.MarkHidden("privileged") // cannot err: the flag was just made
}

// finish gives the options, once flags are read.
func (c *clusterFlags) finish() *action.ClusterOptions {
	o := c.options
	o.Loader, o.Version, o.Reconnect = c.config, version, time.Duration(c.reconnect)
	if c.privileged {
		o.Method = "node"
	}
	return &o
}

// wanted reports whether targets are of a cluster: one that is, or a selector.
func (c *clusterFlags) wanted(targets []string) bool {
	if len(targets) == 0 {
		return c.options.Selector != "" || c.options.AllNamespaces
	}
	return slices.ContainsFunc(targets, func(t string) bool { return !action.IsLocal(t) })
}

// refuseLocal refuses flags of clusters beside targets of this machine: the
// first that was typed. Some are flags of tcpdump, by their letter.
func (c *clusterFlags) refuseLocal(cmd *cobra.Command) error {
	habits := map[string]string{
		"namespace":      "addresses are never looked up by DNS: leave -n out",
		"container":      "--count N ends after N packets",
		"all-namespaces": "payload is never shown on screen: -o FILE, then tshark -x -r FILE",
		"context":        "payload is never shown on screen: -o FILE, then tshark -x -r FILE",
		"selector":       "lines are written as they come: leave -l out",
		"follow":         "",
	}
	var refused error
	cmd.Flags().Visit(func(f *pflag.Flag) { // as they were typed: capture and trace do not sort flags
		hint, known := habits[f.Name]
		if refused != nil || !known {
			return
		}
		if h, ok := habit(cmd.Name(), f.Shorthand); ok {
			hint = h
		}
		what := "--" + f.Name
		if f.Shorthand != "" {
			what = "-" + f.Shorthand
		}
		refused = action.Usage(hint, fmt.Errorf("flag %s is of clusters, and this target is of this machine", what))
	})
	return refused
}
