package skbtrace

import "strconv"

// icmpText says in plain words what an ICMP error of the kernel means
// (linux/icmp.h).
func icmpText(typ, code uint8) string {
	switch typ {
	case 3:
		names := [...]string{
			"network unreachable", "host unreachable", "protocol unreachable", "port unreachable", "fragmentation needed, but DF is set",
			"source route failed", "network unknown", "host unknown", "source host isolated", "network prohibited", "host prohibited",
			"network unreachable for this TOS", "host unreachable for this TOS", "administratively prohibited",
			"host precedence violation", "precedence cutoff",
		}
		if int(code) < len(names) {
			return names[code]
		}
	case 4:
		return "source quench"
	case 5:
		return "redirect: there is a shorter way"
	case 11:
		if code == 1 {
			return "fragments did not arrive in time"
		}
		return "TTL exceeded in transit"
	case 12:
		return "parameter problem in the header"
	}
	return "type " + strconv.Itoa(int(typ)) + " code " + strconv.Itoa(int(code))
}
