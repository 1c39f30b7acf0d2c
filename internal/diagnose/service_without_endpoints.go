package diagnose

import (
	"regexp"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// noEndpoints finds the service in kube-proxy's comment "shop/web:http has no
// endpoints".
var noEndpoints = regexp.MustCompile(`"?([A-Za-z0-9._-]+/[A-Za-z0-9._:-]+) has no (?:local )?endpoints`)

// serviceWithoutEndpoints: kube-proxy refuses it, since the service leads to
// no pod.
func serviceWithoutEndpoints(q *inquiry) *trail.Finding {
	r := q.rule
	if r == nil || q.v.Outcome != trail.Rejected && q.v.Outcome != trail.Dropped {
		return nil
	}
	said := noEndpoints.FindStringSubmatch(r.Comment + " " + r.Text + " " + r.Owner)
	if said == nil && !refusesServices(r) {
		return nil
	}
	dst := q.t.Flow.Dst.String()
	if q.t.Flow.DstPort != 0 {
		dst = end(q.t.Flow.Dst, q.t.Flow.DstPort)
	}
	name := "the Service with " + dst
	check := "kubectl get service -A | grep " + q.t.Flow.Dst.String()
	if said != nil {
		name = "Service " + said[1]
		ns, svc, _ := strings.Cut(said[1], "/")
		svc, _, _ = strings.Cut(svc, ":")
		check = "kubectl -n " + ns + " get service,endpointslices -l kubernetes.io/service-name=" + svc
	}
	f := &trail.Finding{
		ID:    "service-without-endpoints",
		Cause: name + " has no endpoint: no ready pod stands behind it",
		Why:   "kube-proxy refuses what goes to such a Service, so that clients fail at once. Its selector finds no pod, or none that is ready.",
		Basis: q.ruleBasis(),
		Check: []string{check, "kubectl get pods -A -o wide   # are the selected pods Ready?"},
		Fix:   []string{"let the Service's selector fit the pods' labels", "mend what keeps the pods from being ready (readiness probe, image, start)"},
	}
	q.ruleEvidence(f)
	return f
}

// refusesServices says whether a rule is one of those that kube-proxy refuses
// services without endpoints by: in iptables mode in the filter table, in nft
// mode by chains of its own table.
func refusesServices(r *trail.Rule) bool {
	if r.Table == "kube-proxy" {
		return r.Chain == "reject-chain" || strings.Contains(r.Chain, "endpoints-check")
	}
	switch r.Chain {
	case "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS":
		return r.Table == "filter" && verdictOf(r) == "reject"
	}
	return false
}
