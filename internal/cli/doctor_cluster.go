package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

// writeSurvey writes a cluster's page, and below it what follows.
func writeSurvey(w io.Writer, s *action.Survey) error {
	page := text.Cluster{
		Name: s.Context, Version: s.Version, Server: s.Server, User: s.User, Groups: s.Groups, Networks: s.Networks,
		Checks: surveyChecks(s), Unasked: s.Unasked, Warning: s.Warning,
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		page.Nodes = append(page.Nodes, text.ClusterNode{
			Name: n.Name, System: n.OS + "/" + n.Arch, Kernel: n.Kernel, Runtime: n.Runtime, Agent: string(n.Agent), Why: n.Why, Lacks: n.Lacks,
		})
	}
	for _, b := range s.Blind {
		page.Blind = append(page.Blind, text.ClusterBlind(b))
	}
	_, err := fmt.Fprint(w, page.Doctor(), "\n", surveyVerdict(s))
	return err
}

// surveyChecks are the rows of the page's first table: methods, namespaces,
// the image.
func surveyChecks(s *action.Survey) []text.ClusterCheck {
	var out []text.ClusterCheck
	for i := range s.Methods {
		m := &s.Methods[i]
		c := text.ClusterCheck{Check: text.Check{State: string(m.State), Name: string(m.Method), Hint: m.Hint}}
		switch m.Method {
		case "doctor":
			continue // what it could not ask stands below
		case "clean", "names":
		default:
			c.Name = "--method " + c.Name
		}
		switch {
		case m.Lacks != "":
			c.Detail = "lacks " + m.Lacks
		case m.Less != "":
			c.Without = []string{m.Less + ", less works: deploy/rbac.yaml says what each is for"}
		}
		if m.Why != "" {
			c.Detail = strings.TrimPrefix(c.Detail+"; "+m.Why, "; ")
		}
		out = append(out, c)
	}
	for _, n := range s.Namespaces {
		state := "ok"
		if n.Exists != "ok" {
			state = string(n.Exists)
		}
		out = append(out, text.ClusterCheck{Check: text.Check{State: state, Name: "namespace " + n.Name, Detail: n.Text}})
	}
	return append(out, text.ClusterCheck{Check: text.Check{State: string(s.Image.State), Name: "image", Detail: strings.TrimPrefix(s.Image.Ref+": "+s.Image.Text, ": ")}})
}

// surveyVerdict says in two lines what works on a cluster.
func surveyVerdict(s *action.Survey) string {
	capture, trace := "no way in", "needs --method node"
	var ways []string
	for _, m := range s.Ways() {
		ways = append(ways, string(m))
		if m == "node" {
			trace = "works"
		}
	}
	if len(ways) > 0 {
		capture = "works by --method " + strings.Join(ways, ", ")
	}
	return "capture on the cluster: " + capture + "\ntrace on the cluster: " + trace + "\n"
}
