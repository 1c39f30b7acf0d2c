package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// findings are all causes that are known, those first that explain most: a
// later one may look at what was found before it. Each is a file here and a
// page in docs/findings.
var findings = [...]func(*inquiry) *trail.Finding{
	netfilterDrop,
	netfilterPolicy,
	netfilterReject,
	nothingListens,
}
