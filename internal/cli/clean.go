package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newClean(s Streams) *cobra.Command {
	var o action.CleanOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "clean",
		Short:   "Puts back what a killed pktrail has left, here and on a cluster",
		GroupID: groupMore,
		Long: `Lists what a pktrail that was killed has not put back, and puts it back: on this
machine, and on the cluster of the current context where one is configured.

On this machine sockets, BPF programs and nft tables end with the process that
made them; what may stay is a setting: trace --legacy-trace.

On a cluster an agent ends 30 s after its client does, and its Job 5 s later.
clean does not wait for that: it removes the Jobs of your own agents, also those
of a capture that you still run elsewhere, and those of anybody that are past
their end. --all removes the agents of others too. It looks in the namespace
pktrail, where agents are unless --agent-namespace put them elsewhere. An agent
that was uploaded into a container (--method exec) has no Job and no file: it
ends by itself.
`,
		Example: `  pktrail clean --dry-run          what there is, here and on the cluster
  pktrail clean -A --all           everybody's agents, wherever they are
  KUBECONFIG= pktrail clean        this machine only`,
		Args: onlyArgs(0),
	}
	cluster := bindCluster(cmd)
	f := cmd.Flags()
	f.BoolVarP(&cluster.options.AllNamespaces, "all-namespaces", "A", false, "look for agents in all namespaces")
	f.StringVar(&cluster.options.Namespace, "agent-namespace", "", "look for agents in this namespace (default pktrail)")
	f.BoolVar(&o.All, "all", false, "remove agents of others too")
	f.BoolVar(&o.DryRun, "dry-run", false, "list only")
	f.BoolVar(&asJSON, "json", false, "print JSON lines")
	_ = f.MarkHidden("namespace") // cannot err: the flag is there
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkClean(f); err != nil {
			return err
		}
		o.Cluster, o.Asked = cluster.finish(), changedBut(f, "dry-run", "json")
		w := cleanView{s, o.DryRun, asJSON}
		list, here := action.Clean(cmd.Context(), o.DryRun)
		if err := w.machine(list, here == nil); err != nil {
			return err
		}
		r, there := action.CleanCluster(cmd.Context(), o)
		if r == nil {
			return errors.Join(here, there)
		}
		return errors.Join(here, there, w.cluster(r, there == nil))
	}
	return cmd
}

// checkClean refuses flags that mean something else elsewhere.
func checkClean(f *pflag.FlagSet) error {
	if f.Changed("namespace") {
		return action.Usage("--agent-namespace NAME, or --all-namespaces", errors.New("-n names the pods' namespace, and agents have one of their own"))
	}
	if f.Changed("agent-namespace") && f.Changed("all-namespaces") {
		return action.Usage("leave one of them out", errors.New("--agent-namespace and --all-namespaces exclude each other"))
	}
	return nil
}

// changedBut reports whether the user has set any flag but these.
func changedBut(f *pflag.FlagSet, names ...string) bool {
	rest := false
	f.Visit(func(g *pflag.Flag) {
		rest = rest || !slices.Contains(names, g.Name)
	})
	return rest
}

// cleanView is how the result is shown.
type cleanView struct {
	Streams

	dry, json bool
}

// cleanLine is a line of --json.
type cleanLine struct {
	Kind string `json:"kind"` // setting or agent
	*action.Leftover
	*action.CleanAgent
}

// machine lists on stdout, and says on stderr what became of it.
func (v *cleanView) machine(list []action.Leftover, done bool) error {
	for i := range list {
		if v.json {
			if err := writeJSON(v.Out, cleanLine{Kind: "setting", Leftover: &list[i]}); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintln(v.Out, list[i].What); err != nil {
			return err
		}
	}
	if done && !v.json {
		fmt.Fprintln(v.Err, "this machine: "+v.became(len(list), "setting", "put back"))
	}
	return nil
}

func (v *cleanView) cluster(r *action.CleanResult, done bool) error {
	rows := [][]string{{"AGENT", "USER", "TARGETS", "AGE", "WHOSE"}}
	taken, kept := 0, 0
	for i := range r.Agents {
		a := &r.Agents[i]
		if v.json {
			if err := writeJSON(v.Out, cleanLine{Kind: "agent", CleanAgent: a}); err != nil {
				return err
			}
		}
		if !a.Taken {
			kept++
		} else if a.Removed || v.dry {
			taken++
		}
		rows = append(rows, []string{a.Namespace + "/" + a.Job, oneLine(a.User), oneLine(a.Targets), time.Since(a.Started).Round(time.Second).String(), whose(a)})
	}
	if v.json {
		return nil
	}
	if len(rows) > 1 {
		if _, err := fmt.Fprint(v.Out, text.Columns(rows)); err != nil {
			return err
		}
	}
	where := "namespace " + r.Namespace
	if r.Namespace == "" {
		where = "all namespaces"
	}
	if done || taken > 0 {
		fmt.Fprintf(v.Err, "cluster %s, %s: %s\n", oneLine(r.Cluster), where, v.became(taken, "agent", "removed"))
	}
	if kept > 0 {
		fmt.Fprintf(v.Err, "note: %s of others; --all removes them, and ends their captures\n", text.Count(kept, "agent"))
	}
	if r.Anonymous {
		fmt.Fprintln(v.Err, "note: the cluster does not say who you are, so none is known to be your own")
	}
	return nil
}

// whose says why an agent is taken, or is not.
func whose(a *action.CleanAgent) string {
	switch {
	case a.Own:
		return "own"
	case a.Expired:
		return "past its end"
	case a.Taken:
		return "of others"
	}
	return "of others: kept"
}

// became says what became of n things.
func (v *cleanView) became(n int, what, done string) string {
	switch {
	case n == 0:
		return "nothing is left"
	case v.dry && n == 1:
		return text.Count(n, what) + "; without --dry-run it is " + done
	case v.dry:
		return text.Count(n, what) + "; without --dry-run they are " + done
	}
	return text.Count(n, what) + " " + done
}
