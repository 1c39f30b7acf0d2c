package iproute

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func vlanFields(v *netstate.VLAN) []field {
	s := sent{&v.Sent}
	names := map[string]uint32{"REORDER_HDR": 1, "GVRP": 2, "LOOSE_BINDING": 4, "MVRP": 8, "BRIDGE_BINDING": 16} // VLAN_FLAG_*
	one := func(name string) error {
		if bits, ok := names[name]; ok {
			v.Flags |= bits
			return nil
		}
		return bareBits(&v.Flags)(name)
	}
	return []field{
		s.same(rtnl.VLANProtocol, "protocol", vlanProtocol(&v.Protocol)),
		s.same(rtnl.VLANID, "id", number(&v.ID)),
		s.field(rtnl.VLANFlags, field{key: "flags", value: list(one)}),
		s.field(rtnl.VLANIngress, priorities("ingress-qos-map", "ingress_qos", &v.Ingress)),
		s.field(rtnl.VLANEgress, priorities("egress-qos-map", "egress_qos", &v.Egress)),
		s.word(rtnl.VLANFlags, bracketed, "", func(list string) error {
			if list == "" {
				return nil
			}
			for name := range strings.SplitSeq(list, ",") {
				if err := one(name); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// priorities reads "{ 1:2 3:4 }".
func priorities(name, key string, to *[]netstate.QoS) field {
	return field{
		word: name, key: key,
		read: func(s *scanner) error {
			if !s.skip("{") {
				return errors.New("no list of priorities")
			}
			for w := s.next(); w != "}"; w = s.next() {
				from, into, _ := strings.Cut(w, ":")
				q := netstate.QoS{}
				if err := errors.Join(number(&q.From)(from), number(&q.To)(into)); err != nil {
					return err
				}
				*to = append(*to, q)
			}
			return nil
		},
		value: func(v any) error {
			all, _ := v.([]any)
			for _, one := range all {
				o, _ := one.(object)
				q := netstate.QoS{}
				f := newForm([]field{word("", "from", number(&q.From)), word("", "to", number(&q.To))})
				f.object(o)
				if err := f.problem(); err != nil {
					return err
				}
				*to = append(*to, q)
			}
			return nil
		},
	}
}

func macvlanFields(m *netstate.MACVLAN) []field {
	s := sent{&m.Sent}
	mac := func(v string) error {
		s.set.Add(rtnl.MACVLANMACs)
		m.MACs = append(m.MACs, v)
		return nil
	}
	return []field{
		s.same(rtnl.MACVLANMode, "mode", text(&m.Mode)),
		flag("nopromisc", "nopromisc", bit(&m.Flags, 1)),
		flag("nodst", "nodst", bit(&m.Flags, 2)),
		s.same(rtnl.MACVLANQueue, "bcqueuelen", number(&m.Queue)),
		s.same(rtnl.MACVLANQueueUsed, "usedbcqueuelen", number(&m.QueueUsed)),
		s.same(rtnl.MACVLANCutoff, "bclim", number(&m.Cutoff)),
		s.field(rtnl.MACVLANCount, field{word: "remotes", key: "macaddr_count", set: number(&m.Count), read: func(words *scanner) error {
			err := number(&m.Count)(strings.Trim(words.next(), "()"))
			for isMAC(words.peek()) {
				_ = mac(words.next())
			}
			return err
		}}),
		{key: "macaddr_data", value: list(mac)},
	}
}

func ipvlanFields(v *netstate.IPVLAN) []field {
	all := []field{word("mode", "mode", text(&v.Mode))}
	for _, name := range [...]string{"bridge", "private", "vepa"} {
		all = append(all, flag(name, name, constant(&v.Flag, name)))
	}
	return all
}

func tunFields(t *netstate.Tun) []field {
	s := sent{&t.Sent}
	// A name of a user is one of that machine alone.
	owner := func(p *uint32) setter {
		return func(v string) error {
			if v == "root" {
				v = "0"
			}
			return number(p)(v)
		}
	}
	return []field{
		s.same(rtnl.TunType, "type", text(&t.Mode)),
		s.same(rtnl.TunPacketInfo, "pi", yes(&t.PacketInfo)),
		s.same(rtnl.TunVnetHeader, "vnet_hdr", yes(&t.VnetHeader)),
		flag("multi_queue", "multi_queue", yes(&t.MultiQueue)),
		s.same(rtnl.TunQueues, "numqueues", number(&t.Queues)),
		s.same(rtnl.TunDisabled, "numdisabled", number(&t.Disabled)),
		s.same(rtnl.TunPersist, "persist", yes(&t.Persist)),
		s.same(rtnl.TunOwner, "user", owner(&t.Owner)),
		s.same(rtnl.TunGroup, "group", owner(&t.Group)),
	}
}

func netkitFields(n *netstate.Netkit) []field {
	policy := func(p *int32) setter {
		return named(p, map[string]int32{"forward": 0, "pass": 0, "blackhole": 2, "drop": 2})
	}
	scrub := func(p *uint32) setter { return named(p, map[string]uint32{"none": 0, "default": 1}) }
	return []field{
		word("mode", "mode", text(&n.Mode)),
		word("type", "type", func(v string) error {
			n.Primary = v == "primary"
			return nil
		}),
		word("policy", "policy", policy(&n.Policy)),
		{word: "peer", read: func(s *scanner) error {
			switch w := s.next(); w {
			case "policy":
				return policy(&n.PeerPolicy)(s.next())
			case "scrub":
				return scrub(&n.PeerScrub)(s.next())
			default:
				return fmt.Errorf("unknown word %q", cut(w))
			}
		}},
		word("", "peer_policy", policy(&n.PeerPolicy)),
		word("scrub", "scrub", scrub(&n.Scrub)),
		word("", "peer_scrub", scrub(&n.PeerScrub)),
		word("headroom", "headroom", number(&n.Headroom)),
		word("tailroom", "tailroom", number(&n.Tailroom)),
	}
}
