package netlink

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	nl "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// program loads a program that lets everything pass.
func program(t *testing.T, typ ebpf.ProgramType, name string, verdict int64) *ebpf.Program {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: name, Type: typ, License: "GPL", Instructions: asm.Instructions{asm.LoadImm(asm.R0, verdict, asm.DWord), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// TestPrograms attaches programs in every way that this kernel has.
func TestPrograms(t *testing.T) {
	t.Parallel()
	const pass = 2 // XDP_PASS
	ns := labtest.Namespace(t)
	ip(t, ns, "link add a0 type veth peer name a1", "link add a2 type veth peer name a3", "link set a0 up", "link set a1 up")
	xdp, xdp2 := program(t, ebpf.XDP, "one_xdp", pass), program(t, ebpf.XDP, "two_xdp", pass)
	in, out := program(t, ebpf.SchedCLS, "see_in", 0), program(t, ebpf.SchedCLS, "see_out", 0)
	err := lab.Do(ns, func() error {
		a0, err := nl.LinkByName("a0")
		if err != nil {
			return err
		}
		a2, err := nl.LinkByName("a2")
		if err != nil {
			return err
		}
		if err := nl.LinkSetXdpFdWithFlags(a0, xdp.FD(), unix.XDP_FLAGS_SKB_MODE); err != nil {
			return fmt.Errorf("attach xdp: %w", err)
		}
		if err := nl.LinkSetXdpFdWithFlags(a2, xdp2.FD(), unix.XDP_FLAGS_DRV_MODE); err != nil {
			return fmt.Errorf("attach xdp: %w", err)
		}
		for _, typ := range []ebpf.AttachType{ebpf.AttachTCXIngress, ebpf.AttachTCXEgress} {
			l, err := link.AttachTCX(link.TCXOptions{Interface: a0.Attrs().Index, Program: in, Attach: typ})
			if err != nil {
				return fmt.Errorf("attach tcx: %w", err)
			}
			t.Cleanup(func() { _ = l.Close() })
		}
		clsact := &nl.GenericQdisc{QdiscAttrs: nl.QdiscAttrs{LinkIndex: a2.Attrs().Index, Handle: nl.MakeHandle(0xffff, 0), Parent: nl.HANDLE_CLSACT}, QdiscType: "clsact"}
		if err := nl.QdiscAdd(clsact); err != nil {
			return fmt.Errorf("add clsact: %w", err)
		}
		return nl.FilterAdd(&nl.BpfFilter{
			FilterAttrs: nl.FilterAttrs{LinkIndex: a2.Attrs().Index, Parent: nl.HANDLE_MIN_EGRESS, Handle: 7, Protocol: unix.ETH_P_ALL, Priority: 3},
			Fd:          out.FD(), Name: "out.o:[tc]", DirectAction: true,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "tc -n "+ns+" filter add dev a2 ingress protocol ip prio 9 u32 match ip dst 10.0.0.1/32 flowid 1:1")
	got := take(t, ns, Options{Parts: []netstate.Part{netstate.PartPrograms}})
	if got.Links != nil {
		t.Error("links are there that were not asked for")
	}
	want := []string{
		"a0 xdpgeneric  one_xdp", "a2 xdp  two_xdp", "a0 tcx ingress  see_in linked", "a0 tcx egress  see_in linked",
		"a2 tc egress bpf out.o:[tc] direct prio 3 proto 0x3 handle 0x7", "a2 tc ingress u32  prio 9 proto 0x800",
	}
	all := take(t, ns, Options{})
	var have []string
	for _, p := range got.Programs {
		s := fmt.Sprintf("%s %s %s %s", all.Link(p.Link).Name, p.Where, p.Kind, p.Name)
		if p.LinkID != 0 {
			s += " linked"
		}
		if p.Direct {
			s += " direct"
		}
		if p.Kind != "" {
			s += fmt.Sprintf(" prio %d proto %#x", p.Priority, p.Protocol)
		}
		if p.Kind == "bpf" {
			s += fmt.Sprintf(" handle %#x", p.Handle)
		}
		have = append(have, s)
		if p.Kind != "u32" && (p.ID == 0 || len(p.Tag) != 16 || p.Loaded == 0) {
			t.Errorf("%+v", p)
		}
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(have, "\n"), w) {
			t.Errorf("no %q in\n%s", w, strings.Join(have, "\n"))
		}
	}
	for _, d := range []bool{false, true} {
		o, flag := iproute.Options{Details: d}, map[bool]string{true: " -d"}[d]
		sameText(t, "ip link", iproute.Links(all, o), run(t, "ip -n "+ns+flag+" link"))
		sameText(t, "ip addr", iproute.Addresses(all, o), run(t, "ip -n "+ns+flag+" addr"))
		o.JSON = true
		sameJSON(t, "ip -j link", iproute.Links(all, o), run(t, "ip -j -n "+ns+flag+" link"))
	}
}
