package netns

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// env is the machine as one Open sees it.
type env struct {
	proc procfs
	// criSocket is the socket that the user chose; empty for the known ones.
	criSocket string
	// node is the machine's name.
	node string
	// own and host are the inodes of the namespace of this process and of
	// process 1. In a container that shares the node's processes only, they
	// differ. host is 0 if it may not be read.
	own, host uint64
}

func newEnv(o Options) env {
	e := env{proc: procfs(o.ProcRoot), criSocket: strings.TrimPrefix(o.CRISocket, "unix://"), node: o.Node}
	if e.proc == "" {
		e.proc = "/proc"
	}
	if e.node == "" {
		if name, err := os.Hostname(); err == nil {
			e.node = name
		} else {
			e.node = "localhost"
		}
	}
	e.own = inodeOf(ownNS)
	e.host = inodeOf(e.proc.netns(1))
	return e
}

// ownNS is the namespace of the thread that looks. A goroutine that is not
// locked to its thread never sees another.
const ownNS = within.Own

// isMachine reports whether the namespace is the machine's or our own.
func (e env) isMachine(inode uint64) bool {
	return inode != 0 && (inode == e.own || inode == e.host)
}

// nameDirs are the directories in which namespaces have names: those of
// iproute2 (ip-netns(8)), CNI plugins and Docker, and the same as process 1
// sees them, for an agent in a container without the host's /run.
func (e env) nameDirs() []string {
	dirs := []string{"/run/netns", "/var/run/netns", "/run/docker/netns", "/var/run/docker/netns"}
	for _, d := range dirs[:4:4] {
		dirs = append(dirs, filepath.Join(string(e.proc), "1/root", d))
	}
	return dirs
}

// named is a namespace with a name.
type named struct {
	name, path string
	inode      uint64
}

// names lists the named namespaces, each inode once. Files that are no
// namespaces are left out.
func (e env) names() []named {
	var all []named
	seen := map[uint64]bool{}
	for _, dir := range e.nameDirs() {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // most machines have one or two of these directories
		}
		for _, ent := range entries {
			n := named{name: ent.Name(), path: filepath.Join(dir, ent.Name())}
			n.inode = mountedInode(n.path)
			if n.inode != 0 && !seen[n.inode] {
				seen[n.inode] = true
				all = append(all, n)
			}
		}
	}
	return all
}

// mountedInode gives the inode of a namespace file, 0 for any other file.
func mountedInode(path string) uint64 {
	f, inode, err := openFile(path)
	if err != nil {
		return 0
	}
	_ = f.Close()
	return inode
}

// nameOf gives a name of the namespace with this inode, or "".
func (e env) nameOf(inode uint64) string {
	for _, n := range e.names() {
		if n.inode == inode {
			return n.name
		}
	}
	return ""
}
