package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Up makes a lab and returns it as it then is. If a step fails or the
// context ends, what was made is removed again. A lab of that name, or a
// namespace in its way, is an *ExistsError; options that make no lab are an
// *OptionError; a kernel without the devices a *KernelError.
func Up(ctx context.Context, o Options) (*Lab, error) {
	return up(ctx, o, haveIPv6())
}

func up(ctx context.Context, o Options, ipv6 bool) (*Lab, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &builder{lab: plan(o, ipv6), mark: newMark(o, ipv6), spaces: map[string]*space{}}
	err = b.build(ctx)
	b.close()
	if err == nil {
		var l *Lab
		if l, err = Find(o.Name); err == nil {
			return l, nil
		}
	}
	for _, name := range slices.Backward(b.made) {
		err = errors.Join(err, removeNamespace(name))
	}
	return nil, fmt.Errorf("build lab %s: %w", o.Name, err)
}

// builder makes what the plan says.
type builder struct {
	lab    *Lab
	mark   mark
	made   []string // names of namespaces, in order
	spaces map[string]*space
}

func (b *builder) build(ctx context.Context) error {
	if err := b.free(); err != nil {
		return err
	}
	if err := makeNetnsDir(); err != nil {
		return err
	}
	for _, name := range b.lab.Namespaces() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.namespace(name); err != nil {
			return err
		}
	}
	if err := b.outside(); err != nil {
		return err
	}
	for i := range b.lab.Nodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.node(&b.lab.Nodes[i]); err != nil {
			return err
		}
	}
	for i := range b.lab.Pods {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.pod(&b.lab.Pods[i]); err != nil {
			return err
		}
	}
	for _, name := range b.lab.Namespaces() {
		if err := b.spaces[name].settle(ctx); err != nil {
			return err
		}
	}
	out := b.spaces[b.lab.Outside.Name]
	b.mark.Ready = true
	out.alias("lo", b.mark.String())
	return out.err
}

// free returns an *ExistsError if anything has one of the lab's names, or is
// left of a lab of this name.
func (b *builder) free() error {
	entries, err := os.ReadDir(netnsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read namespaces: %w", err)
	}
	for _, e := range entries {
		if lab, ok := labOf(e.Name()); ok && lab == b.lab.Name {
			r, err := inspect(e.Name())
			if errors.Is(err, fs.ErrNotExist) {
				continue // gone since
			}
			if err != nil {
				return err
			}
			if r.foreign && !slices.Contains(b.lab.Namespaces(), e.Name()) {
				continue // somebody else's, and not in the way
			}
			return &ExistsError{Name: b.lab.Name, Namespace: e.Name(), Foreign: r.foreign}
		}
	}
	return nil
}

// namespace makes one namespace with the lab's mark, its settings and its
// loopback.
func (b *builder) namespace(name string) error {
	forward := "1"
	if b.lab.Pod(name) != nil {
		forward = "0"
	}
	err := makeNamespace(name, func() error {
		if err := sysctl(settings(forward, b.mark.IPv6)...); err != nil {
			return err
		}
		nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("speak netlink: %w", err)
		}
		defer nl.Close()
		lo, err := nl.LinkByName("lo")
		if err != nil {
			return fmt.Errorf("find lo: %w", err)
		}
		return errors.Join(nl.LinkSetAlias(lo, b.mark.String()), nl.LinkSetUp(lo))
	})
	if errors.Is(err, fs.ErrExist) { // somebody was faster
		return &ExistsError{Name: b.lab.Name, Namespace: name}
	}
	if err != nil {
		return err
	}
	b.made = append(b.made, name)
	b.spaces[name], err = openSpace(name)
	return err
}

// settings returns the sysctls of a new namespace. They are written out
// because a namespace may start with those of the machine
// (net.core.devconf_inherit_init_net). ip_forward comes first: writing it
// sets others.
func settings(forward string, ipv6 bool) []string {
	s := []string{
		"ipv4/ip_forward", forward,
		"ipv4/conf/all/rp_filter", "0",
		"ipv4/conf/default/rp_filter", "0",
		"ipv4/conf/all/send_redirects", "0",
		"ipv4/conf/default/send_redirects", "0",
		"ipv4/ping_group_range", "0 2147483647", // everybody may ping
	}
	if !ipv6 {
		return s
	}
	return append(s,
		"ipv6/conf/all/disable_ipv6", "0",
		"ipv6/conf/default/disable_ipv6", "0",
		"ipv6/conf/all/forwarding", forward,
		"ipv6/conf/default/forwarding", forward,
		"ipv6/conf/all/accept_dad", "0", // addresses serve at once
		"ipv6/conf/default/accept_dad", "0",
		"ipv6/conf/all/accept_ra", "0",
		"ipv6/conf/default/accept_ra", "0",
	)
}

func (b *builder) close() {
	for _, s := range b.spaces {
		if s != nil {
			s.close()
		}
	}
}
