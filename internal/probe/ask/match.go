package ask

// matcher decides which policy rules a packet meets. It knows of the devices
// what rules ask.
type matcher struct {
	q Question
	// vrfTable is the table of the VRF that In or Out belongs to; valid iff
	// not 0.
	vrfTable uint32
	// vrf is the name of that VRF.
	vrf string
}

// enter looks up which VRF the packet belongs to, if any.
func (m *matcher) enter(links []Link) {
	for _, name := range []string{m.q.In, m.q.Out} {
		l, _ := byName(links, name)
		if l.Kind != "vrf" {
			l, _ = byIndex(links, l.Master)
		}
		if l.Kind == "vrf" {
			m.vrf, m.vrfTable = l.Name, l.VRFTable
		}
	}
}

// matches reports whether a rule is for the packet (fib_rule_match of
// net/core/fib_rules.c and the families' own), and what it could not say for
// certain.
func (m matcher) matches(r Rule) (is bool, doubt string) {
	if len(r.Unknown) > 0 {
		doubt = "the rule has a selector that pktrail does not know"
	}
	is, unsure := m.selects(r)
	if doubt == "" {
		doubt = unsure
	}
	return is != r.Not, doubt
}

func (m matcher) selects(r Rule) (is bool, doubt string) {
	q := m.q
	switch {
	case r.NoIn, r.NoOut:
		return false, ""
	case r.In != "" && r.In != m.in(), r.Out != "" && r.Out != m.out():
		return false, ""
	case (r.Mark^q.Mark)&r.Mask != 0:
		return false, ""
	case r.TunnelID != 0:
		return false, "" // only packets of lightweight tunnels have one
	case r.L3mdev && m.vrfTable == 0:
		return false, ""
	case r.Src.IsValid() && !r.Src.Contains(q.Src):
		return false, ""
	case r.Dst.IsValid() && !r.Dst.Contains(q.Dst):
		return false, ""
	case r.TOS != 0 && r.TOS != q.TOS&^3, (r.DSCP^q.TOS>>2)&r.DSCPMask != 0:
		return false, ""
	case r.Proto != 0 && r.Proto != q.Proto:
		return false, ""
	case r.SrcPorts.Last != 0 && !r.SrcPorts.has(q.SrcPort), r.DstPorts.Last != 0 && !r.DstPorts.has(q.DstPort):
		return false, ""
	case r.HasUID && !m.hasUID(r):
		return false, ""
	}
	switch {
	case r.L3mdev:
		doubt = "taken from the VRF that the device belongs to at present"
	case r.FlowLabelMask != 0:
		doubt = "the flow label is not part of the question; taken as 0"
		return r.FlowLabel == 0, doubt
	case r.HasUID && !q.HasUID && q.In == "":
		doubt = "the sender's user is not part of the question; taken as root"
	}
	return true, doubt
}

// hasUID: packets that were not sent here have no user, and the kernel takes
// the overflow of an invalid one for them, which is in no range.
func (m matcher) hasUID(r Rule) bool {
	if m.q.In != "" {
		return false
	}
	return r.UIDFirst <= m.q.UID && m.q.UID <= r.UIDLast
}

// in is the name by which rules know where the packet came from.
func (m matcher) in() string {
	switch {
	case m.q.In == "":
		return "lo"
	case m.vrf != "":
		return m.vrf // l3mdev_update_flow
	}
	return m.q.In
}

func (m matcher) out() string {
	if m.q.Out != "" && m.vrf != "" {
		return m.vrf
	}
	return m.q.Out
}
