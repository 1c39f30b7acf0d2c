package left

import (
	"debug/buildinfo"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/test/cluster/bed"
)

// programPaths are the main packages of pktrail, as the linker notes them.
func programPaths() []string {
	return []string{"github.com/pktrail/pktrail", "github.com/pktrail/pktrail/cmd/pktrail-agent"}
}

// isProgram says whether a file is a program of pktrail's, by whatever name.
func isProgram(path string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && slices.Contains(programPaths(), info.Path)
}

// ours says what makes a process one of pktrail's, or "".
func (p process) ours() string {
	exe := p.link("exe")
	if exe == "" {
		return "" // gone, or a zombie
	}
	if isProgram(filepath.Join(p.dir, "exe")) {
		return "runs pktrail as " + exe
	}
	if strings.HasPrefix(filepath.Base(exe), mark) {
		return "runs " + exe
	}
	return ""
}

// Agents are the processes of pktrail on a node, by their numbers there.
func Agents(c *bed.Cluster, n bed.Node) ([]int, error) {
	root, err := c.Root(n)
	if err != nil {
		return nil, err
	}
	all, err := processes(root)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, p := range all {
		if p.ours() != "" {
			pids = append(pids, p.pid)
		}
	}
	return pids, nil
}
