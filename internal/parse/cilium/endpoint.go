package cilium

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Endpoint is one of an agent's: what it calls a pod on its node.
type Endpoint struct {
	ID uint32
	// Interface is the node's end of the pod's veth.
	Interface string
	// Index is its ifindex; valid iff positive.
	Index int
	// Pod is "namespace/name"; empty for the host and for health.
	Pod string
	// Identity is the number that policies know it by.
	Identity uint32
	// Addrs are its addresses.
	Addrs []netip.Addr
	// Aggregation is its MonitorAggregationLevel: "None", "Medium".
	Aggregation string
}

// Endpoints reads what `cilium endpoint list -o json` prints.
func Endpoints(b []byte) ([]Endpoint, error) {
	var all []struct {
		ID   uint32 `json:"id"`
		Spec struct {
			Options struct {
				Level string `json:"MonitorAggregationLevel"`
			} `json:"options"`
		} `json:"spec"`
		Status struct {
			Controllers []struct {
				Name string `json:"name"`
			} `json:"controllers"`
			External struct {
				Pod string `json:"pod-name"`
				K8s string `json:"k8s-pod-name"`
				NS  string `json:"k8s-namespace"`
			} `json:"external-identifiers"`
			Identity struct {
				ID uint32 `json:"id"`
			} `json:"identity"`
			Networking struct {
				Interface  string `json:"interface-name"`
				Index      int    `json:"interface-index"`
				Addressing []struct {
					V4 string `json:"ipv4"`
					V6 string `json:"ipv6"`
				} `json:"addressing"`
			} `json:"networking"`
		} `json:"status"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("read endpoints: %w", err)
	}
	out := make([]Endpoint, 0, len(all))
	for i := range all {
		s := &all[i].Status
		e := Endpoint{ID: all[i].ID, Interface: s.Networking.Interface, Index: s.Networking.Index, Pod: s.External.Pod, Identity: s.Identity.ID, Aggregation: all[i].Spec.Options.Level}
		if e.Pod == "" && s.External.K8s != "" {
			e.Pod = s.External.NS + "/" + s.External.K8s
		}
		for _, c := range s.Controllers { // since 1.16 the pod's name stands nowhere else
			if pod, ok := strings.CutPrefix(c.Name, "resolve-labels-"); ok && e.Pod == "" {
				e.Pod = pod
			}
		}
		for _, a := range s.Networking.Addressing {
			for _, text := range []string{a.V4, a.V6} {
				if addr, err := netip.ParseAddr(text); err == nil {
					e.Addrs = append(e.Addrs, addr)
				}
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// Aggregation is the level that all endpoints have; where they differ, one that
// leaves something out, and "" where none is told.
func Aggregation(all []Endpoint) string {
	level := ""
	for i := range all {
		if l := all[i].Aggregation; l != "" && (level == "" || configured(l) != "") {
			level = l
		}
	}
	if slices.ContainsFunc(all, func(e Endpoint) bool { return e.Aggregation == "" }) && configured(level) == "" {
		return ""
	}
	return level
}
