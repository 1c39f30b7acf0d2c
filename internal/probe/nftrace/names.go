package nftrace

// Netfilter's protocol families (linux/netfilter.h, NFPROTO_).
const (
	nfprotoInet   = 1
	nfprotoIPv4   = 2
	nfprotoARP    = 3
	nfprotoNetdev = 5
	nfprotoBridge = 7
	nfprotoIPv6   = 10
)

// familyName is a family as nft writes it.
func familyName(f uint8) string {
	switch f {
	case nfprotoInet:
		return "inet"
	case nfprotoIPv4:
		return "ip"
	case nfprotoARP:
		return "arp"
	case nfprotoNetdev:
		return "netdev"
	case nfprotoBridge:
		return "bridge"
	case nfprotoIPv6:
		return "ip6"
	}
	return ""
}

// Verdicts (linux/netfilter.h NF_, linux/netfilter/nf_tables.h NFT_).
const (
	verdictDrop     = 0
	verdictAccept   = 1
	verdictStolen   = 2
	verdictQueue    = 3
	verdictContinue = -1
	verdictJump     = -3
	verdictGoto     = -4
	verdictReturn   = -5

	// NF_VERDICT_MASK: above it are an errno or a queue's number.
	verdictMask = 0xff
)

func verdictName(code int32) string {
	switch code {
	case verdictContinue:
		return "continue"
	case verdictJump:
		return "jump"
	case verdictGoto:
		return "goto"
	case verdictReturn:
		return "return"
	}
	if code < 0 {
		return ""
	}
	switch code & verdictMask {
	case verdictDrop:
		return "drop"
	case verdictAccept:
		return "accept"
	case verdictStolen:
		return "stolen"
	case verdictQueue:
		return "queue"
	}
	return ""
}

// hookName is a hook of a family: enum nf_inet_hooks (linux/netfilter.h), the
// same numbers in the bridge family, NF_ARP_ and NF_NETDEV_.
func hookName(family uint8, hook uint32) string {
	names := []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING", "INGRESS"}
	switch family {
	case nfprotoARP:
		names = []string{"INPUT", "OUTPUT", "FORWARD"}
	case nfprotoNetdev:
		names = []string{"INGRESS", "EGRESS"}
	}
	if int(hook) < len(names) {
		return names[hook]
	}
	return ""
}
