package cli

import (
	"errors"
	"fmt"
	"io"
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
		r, err := action.Clean(cmd.Context(), o)
		if asJSON {
			return errors.Join(writeCleanJSON(s.Out, &r), err)
		}
		return errors.Join(writeClean(s, &r, &o, err != nil), err)
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

// cleanLine is a line of --json.
type cleanLine struct {
	Kind string `json:"kind"` // setting or agent
	*action.Leftover
	*action.CleanAgent
}

func writeCleanJSON(w io.Writer, r *action.CleanResult) error {
	for i := range r.Machine {
		if err := writeJSON(w, cleanLine{Kind: "setting", Leftover: &r.Machine[i]}); err != nil {
			return err
		}
	}
	if r.Cluster == nil {
		return nil
	}
	for i := range r.Cluster.Agents {
		if err := writeJSON(w, cleanLine{Kind: "agent", CleanAgent: &r.Cluster.Agents[i]}); err != nil {
			return err
		}
	}
	return nil
}

// writeClean lists on stdout, and says on stderr what became of it.
func writeClean(s Streams, r *action.CleanResult, o *action.CleanOptions, failed bool) error {
	for _, l := range r.Machine {
		if _, err := fmt.Fprintln(s.Out, l.What); err != nil {
			return err
		}
	}
	if !failed || len(r.Machine) > 0 {
		fmt.Fprintln(s.Err, "this machine: "+became(len(r.Machine), "setting", "put back", o.DryRun))
	}
	if r.Cluster == nil {
		return nil
	}
	return writeCleanCluster(s, r.Cluster, o)
}

func writeCleanCluster(s Streams, c *action.CleanCluster, o *action.CleanOptions) error {
	var rows [][]string
	taken, kept := 0, 0
	for i := range c.Agents {
		a := &c.Agents[i]
		why := "of others: kept"
		switch {
		case a.Own:
			why = "own"
		case a.Expired:
			why = "past its end"
		case a.Taken:
			why = "of others"
		}
		if !a.Taken {
			kept++
		} else if a.Removed || o.DryRun {
			taken++
		}
		rows = append(rows, []string{a.Namespace + "/" + a.Job, oneLine(a.User), oneLine(a.Targets), time.Since(a.Started).Round(time.Second).String(), why})
	}
	if len(rows) > 0 {
		rows = append([][]string{{"AGENT", "USER", "TARGETS", "AGE", ""}}, rows...)
		if _, err := fmt.Fprint(s.Out, text.Columns(rows)); err != nil {
			return err
		}
	}
	where := "namespace " + c.Namespace
	if c.Namespace == "" {
		where = "all namespaces"
	}
	fmt.Fprintf(s.Err, "cluster %s, %s: %s\n", oneLine(c.Name), where, became(taken, "agent", "removed", o.DryRun))
	if kept > 0 {
		fmt.Fprintf(s.Err, "note: %s of others; --all removes them, and ends their captures\n", text.Count(kept, "agent"))
	}
	if c.Anonymous {
		fmt.Fprintln(s.Err, "note: the cluster does not say who you are, so none is known to be your own")
	}
	return nil
}

// became says what became of n things.
func became(n int, what, done string, dry bool) string {
	switch {
	case n == 0:
		return "nothing is left"
	case dry && n == 1:
		return text.Count(n, what) + "; without --dry-run it is " + done
	case dry:
		return text.Count(n, what) + "; without --dry-run they are " + done
	}
	return text.Count(n, what) + " " + done
}
