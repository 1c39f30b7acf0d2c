package skbtrace

import "slices"

// chain is something in a netfilter hook that can drop or change packets.
type chain struct {
	family   uint8 // NFPROTO_IPV4 or NFPROTO_IPV6
	hook     uint8 // enum nf_inet_hooks
	priority int
}

// legacyChains are where a table of iptables-legacy has its chains
// (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities).
func legacyChains(family uint8, table string) []chain {
	const prerouting, input, forward, output, postrouting = 0, 1, 2, 3, 4
	at := func(priority int, hooks ...uint8) []chain {
		var all []chain
		for _, h := range hooks {
			all = append(all, chain{family, h, priority})
		}
		return all
	}
	switch table {
	case "raw":
		return at(-300, prerouting, output)
	case "mangle":
		return at(-150, prerouting, input, forward, output, postrouting)
	case "nat":
		return append(at(-100, prerouting, output), at(100, input, postrouting)...)
	case "filter":
		return at(0, input, forward, output)
	case "security":
		return at(50, input, forward, output)
	}
	return nil
}

// spot is one bracket to be set.
type spot struct {
	bracket
	priority int
}

// placeBrackets says where brackets go: in each hook before each priority that
// has chains, and behind the last. So the last bracket that a packet was seen at
// tells what dropped it: what stands at the priority behind. A hook with nothing in it gets none,
// for each costs every packet some 40 ns. Where there are more priorities than
// programs, the ones in the middle share.
func placeBrackets(netns uint32, chains []chain) []spot {
	byHook := map[bracket][]int{}
	for _, c := range chains {
		k := bracket{netns: netns, family: c.family, hook: c.hook}
		byHook[k] = append(byHook[k], c.priority)
	}
	var all []spot
	for k, priorities := range byHook {
		slices.Sort(priorities)
		priorities = slices.Compact(priorities)
		var at []int
		for _, p := range priorities {
			at = append(at, p-1)
		}
		at = append(at, priorities[len(priorities)-1]+1)
		if len(at) > maxBrackets {
			at = append(at[:maxBrackets-1], at[len(at)-1])
		}
		for i, p := range at {
			b := k
			b.index = uint8(i)
			all = append(all, spot{b, p})
		}
	}
	return all
}
