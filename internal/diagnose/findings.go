package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// findings are all causes that are known, those first that explain most: a
// later one may look at what was found before it. Each is a file here and a
// page in docs/findings.
var findings = [...]func(*inquiry) *trail.Finding{
	duplicateAddress,
	serviceWithoutEndpoints,
	conntrackTableFull,
	conntrackInvalid,
	reversePathFilter,
	policyRule,
	forwardingOff,
	blackholeRoute,
	prohibitRoute,
	unreachableRoute,
	noRoute,
	mtu,
	ttlExceeded,
	hairpinNotMasqueraded,
	martianSource,
	vxlanWrongPeer,
	vxlanPortBlocked,
	neighbourFailed,
	wrongMAC,
	netfilterDrop,
	netfilterPolicy,
	netfilterReject,
	answerBypassesNAT,
	nothingListens,
	socketQueueFull,
	fragmentLost,
}
