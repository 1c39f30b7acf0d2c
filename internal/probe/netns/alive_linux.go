package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Alive says whether the namespace can still be reached by the way in which
// it was found: a namespace itself lives on as long as somebody, perhaps a
// socket of ours, is in it. The error says in words what is gone.
func (n *Namespace) Alive() error {
	switch n.Target.Kind {
	case Netns:
		if !n.named() {
			return fmt.Errorf("network namespace %s was deleted", n.Label)
		}
	case Pid, Container, CRI:
		if n.PID > 0 && !leadsTo(n.env.proc.netns(n.PID), n.Inode) {
			return fmt.Errorf("process %d of %s has ended", n.PID, n.Target)
		}
	case Interface, Host:
	}
	return nil
}

func (n *Namespace) named() bool {
	if strings.HasPrefix(n.Target.Value, "/") {
		return leadsTo(n.Target.Value, n.Inode)
	}
	hidden := string(n.env.proc) + "/"
	for _, dir := range n.env.nameDirs() {
		path := filepath.Join(dir, n.Target.Value)
		if strings.HasPrefix(path, hidden) && inodeOf(path) == 0 {
			continue // the machine's own root, which we may not see
		}
		if leadsTo(path, n.Inode) {
			return true
		}
	}
	return false
}

// leadsTo reports whether a file is the namespace with this inode. A file
// that may not be looked at is taken for it.
func leadsTo(path string, inode uint64) bool {
	info, err := os.Stat(path)
	if err != nil {
		return os.IsPermission(err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Ino == inode
}
