package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// List returns all labs of this machine, whole and broken, by name. It needs
// the right to enter namespaces iff there are any that may be a lab's.
func List() ([]*Lab, error) {
	found, err := survey()
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var labs []*Lab
	for name, remains := range found {
		l, err := rebuild(name, remains)
		if err != nil {
			return nil, fmt.Errorf("list labs: %w", err)
		}
		labs = append(labs, l)
	}
	slices.SortFunc(labs, func(a, b *Lab) int { return strings.Compare(a.Name, b.Name) })
	return labs, nil
}

// Find returns the lab of that name, whole or broken. If there is none, the
// error is a *NotFoundError with the names that there are.
func Find(name string) (*Lab, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	found, err := survey()
	if err != nil {
		return nil, fmt.Errorf("find lab: %w", err)
	}
	remains, ok := found[name]
	if !ok {
		return nil, notFound(name, found)
	}
	return rebuild(name, remains)
}

func notFound(name string, found map[string][]remain) error {
	e := &NotFoundError{What: "lab", Name: name}
	for lab := range found {
		e.Have = append(e.Have, lab)
	}
	slices.Sort(e.Have)
	return e
}

// remain is something in /run/netns that has the name of a lab's namespace.
type remain struct {
	name string
	// foreign: a namespace without a lab's mark, or a file with content.
	foreign bool
	// dead: an empty file where the namespace was not mounted yet, or no
	// longer: an Up or Down was killed there.
	dead bool
	// mark is valid iff neither is set.
	mark mark
}

// survey returns what is there of each lab, without what is foreign.
func survey() (map[string][]remain, error) {
	entries, err := os.ReadDir(netnsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read namespaces: %w", err)
	}
	found := map[string][]remain{}
	for _, e := range entries {
		lab, ok := labOf(e.Name())
		if !ok {
			continue
		}
		r, err := inspect(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since
		}
		if err != nil {
			return nil, err
		}
		if !r.foreign {
			found[lab] = append(found[lab], r)
		}
	}
	return found, nil
}

// inspect tells what a name in /run/netns stands for.
func inspect(name string) (remain, error) {
	r := remain{name: name}
	st, err := os.Stat(filepath.Join(netnsDir, name))
	if err != nil {
		return r, fmt.Errorf("look at namespace: %w", err)
	}
	s, err := openSpace(name)
	if gone := (*NotFoundError)(nil); errors.As(err, &gone) {
		r.dead = st.Mode().IsRegular() && st.Size() == 0
		r.foreign = !r.dead
		return r, nil
	}
	if err != nil {
		return r, err
	}
	defer s.close()
	lo, err := s.nl.LinkByName("lo")
	if err != nil {
		return r, fmt.Errorf("find lo in %s: %w", name, err)
	}
	r.mark, err = parseMark(lo.Attrs().Alias)
	lab, _ := labOf(name)
	r.foreign = err != nil || r.mark.Lab != lab
	return r, nil
}

// rebuild makes the lab that the remains are of.
func rebuild(name string, remains []remain) (*Lab, error) {
	l := &Lab{Name: name, State: StateBroken, Nodes: []Node{}, Pods: []Pod{}}
	ready := false
	for _, r := range remains {
		if r.dead {
			continue
		}
		if l.Flavour == "" {
			l = plan(r.mark.options(), r.mark.IPv6)
		}
		ready = ready || r.mark.Ready
	}
	if l.Flavour == "" {
		l.problem("nothing is left but empty files in %s", netnsDir)
		return l, nil
	}
	if !ready {
		l.problem("it was not built to its end")
	}
	if err := l.fill(); err != nil {
		return nil, err
	}
	if len(l.Problems) == 0 {
		l.State = StateUp
	}
	return l, nil
}

func (l *Lab) problem(format string, a ...any) {
	l.Problems = append(l.Problems, fmt.Sprintf(format, a...))
}

// fill adds what only the kernel knows, and notes what is missing.
func (l *Lab) fill() error {
	var err error
	l.Outside.Netns, err = l.look(l.Outside.Name, l.Outside.Devices)
	for i := range l.Nodes {
		if err != nil {
			return err
		}
		n := &l.Nodes[i]
		n.Netns, err = l.look(n.Name, n.Devices)
	}
	for i := range l.Pods {
		if err != nil {
			return err
		}
		p := &l.Pods[i]
		p.Netns, err = l.look(p.Name, p.Devices)
	}
	return err
}

// look fills the devices of one namespace and returns its inode.
func (l *Lab) look(ns string, devices []Device) (uint64, error) {
	s, err := openSpace(ns)
	if e := (*NotFoundError)(nil); errors.As(err, &e) {
		l.problem("namespace %s is missing", ns)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer s.close()
	links, err := s.links()
	if err != nil {
		return 0, fmt.Errorf("list devices of %s: %w", ns, err)
	}
	for i := range devices {
		d := &devices[i]
		at := slices.IndexFunc(links, func(k netlink.Link) bool { return k.Attrs().Name == d.Name })
		if at < 0 {
			l.problem("%s has no device %s", ns, d.Name)
			continue
		}
		a := links[at].Attrs()
		d.Index, d.MTU, d.Kind, d.MAC = a.Index, a.MTU, links[at].Type(), mac(a.HardwareAddr)
	}
	return inodeOf(s.ns)
}

func mac(a net.HardwareAddr) string {
	if len(a) == 0 {
		return ""
	}
	return a.String()
}
