package netns

import "slices"

// Names lists the named namespaces of this machine: sorted, all of them.
func Names(o Options) []string {
	all := newEnv(o).names()
	names := make([]string, 0, len(all))
	for _, n := range all {
		names = append(names, n.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
