package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// completeWithin is how long somebody who has pressed a key waits for a
// cluster.
const completeWithin = 2 * time.Second

// completeTargets offers targets: those of this machine, and those of the
// cluster that kubectl's flags name. Where there is none it is silent.
func (c *clusterFlags) completeTargets(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if c.options.Selector != "" || c.options.AllNamespaces || behindDash(cmd, args) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.targets(cmd, args, prefix)
}

// completeEnds offers the two ends of a trace. Behind the second one comes a
// port, mostly.
func (c *clusterFlags) completeEnds(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, directive := c.targets(cmd, args, prefix)
	if strings.HasPrefix("any", prefix) {
		list = append(list, cobra.CompletionWithDesc("any", "every address"))
	}
	if len(args) == 1 {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return list, directive
}

// behindDash reports whether the words of a filter have begun.
func behindDash(cmd *cobra.Command, args []string) bool {
	dash := cmd.ArgsLenAtDash() // cobra puts one behind all words itself
	return dash >= 0 && dash < len(args)
}

// targets offers those of one kind with what was named before, and each once.
func (c *clusterFlags) targets(cmd *cobra.Command, named []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	here, there := c.refuseLocal(cmd) == nil, !strings.Contains(prefix, ":")
	for _, n := range named {
		if action.IsLocal(n) {
			there = false
		} else if !action.IsLocalEnd(n) { // an address is of either kind
			here = false
		}
	}
	var found []action.Choice
	if here {
		for _, t := range append(action.Targets(), "pid:", "container:", "cri:", "if:") {
			found = append(found, action.Choice{Target: t})
		}
	}
	if there {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		found = append(found, action.CompleteTargets(ctx, c.finish(), prefix)...)
	}
	var list []cobra.Completion
	directive := cobra.ShellCompDirectiveNoFileComp
	for _, f := range found {
		if !strings.HasPrefix(f.Target, prefix) || slices.Contains(named, f.Target) {
			continue
		}
		if strings.HasSuffix(f.Target, "/") || strings.HasSuffix(f.Target, ":") { // it goes on
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		list = append(list, described(f))
	}
	return list, directive
}

func described(c action.Choice) cobra.Completion {
	if c.About == "" {
		return c.Target
	}
	return cobra.CompletionWithDesc(c.Target, c.About)
}

// completeNames offers the names of a kind ("ns/", "node/"), for a flag.
func (c *clusterFlags) completeNames(kind string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		var list []cobra.Completion
		for _, f := range action.CompleteTargets(ctx, c.finish(), kind+prefix) {
			f.Target = strings.TrimPrefix(f.Target, kind)
			list = append(list, described(f))
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeContexts offers those of the kubeconfig. No server is asked.
func (c *clusterFlags) completeContexts(_ *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, _ := action.Contexts(c.finish()) // none where it cannot be read
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) }), cobra.ShellCompDirectiveNoFileComp
}

// completeContainers offers those of the pods that were named before.
func (c *clusterFlags) completeContainers(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	var list []cobra.Completion
	if !slices.ContainsFunc(args, action.IsLocal) {
		for _, f := range action.CompleteContainers(ctx, c.finish(), args) {
			if strings.HasPrefix(f.Target, prefix) {
				list = append(list, described(f))
			}
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeNothing keeps a shell from offering files as values of flags that
// take none.
func completeNothing(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions) // errs where there is no such flag, and nothing is offered then
	}
}
