package html

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/topology"
)

// mapOf reads one of the maps that the tests of topology make.
func mapOf(t *testing.T, name string) *topology.Map {
	t.Helper()
	b, err := os.ReadFile("../../topology/testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var m topology.Map
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

// large is one node with n pods, and two with few.
func large(t *testing.T, n int) *topology.Map {
	t.Helper()
	m := mapOf(t, "flannel")
	pod := m.Pods[2]
	m.Pods = m.Pods[:0]
	for i := range n {
		p := pod
		p.Namespace, p.Name = []string{"shop", "monitoring", "kube-system"}[i%3], fmt.Sprintf("%s-7d9f8b6c5-%05d", []string{"web", "prometheus-node-exporter", "coredns"}[i%3], i*7919%99991)
		if i%40 == 7 {
			p.Warnings = []topology.Warning{{Kind: topology.WarnMTU, Node: p.Node, Pod: p.ID(), Text: "eth0 sends up to 1500 bytes, flannel.1 takes 1450"}}
		}
		m.Pods = append(m.Pods, p)
	}
	for i := range 3 {
		p := pod
		p.Name, p.Node = fmt.Sprintf("few-%d", i), "node-b"
		m.Pods = append(m.Pods, p)
	}
	return m
}

func samples(t *testing.T) map[string]*topology.Map {
	t.Helper()
	out := map[string]*topology.Map{"empty": {}, "large": large(t, 250)}
	for _, name := range []string{"flannel", "broken", "calico", "mixed"} {
		out[name] = mapOf(t, name)
	}
	return out
}

// element is one of the SVG's, with what is in it.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (e *element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e *element) is(class string) bool {
	return slices.Contains(strings.Fields(e.attr("class")), class)
}

// all gives the elements in it that have a class.
func (e *element) all(class string) []*element {
	var out []*element
	for i := range e.Children {
		c := &e.Children[i]
		if c.is(class) {
			out = append(out, c)
		}
		out = append(out, c.all(class)...)
	}
	return out
}

func (e *element) words() string {
	var b strings.Builder
	if e.XMLName.Local == "text" {
		b.WriteString(e.Text + "\n")
	}
	for i := range e.Children {
		b.WriteString(e.Children[i].words())
	}
	return b.String()
}

func parse(t *testing.T, svg []byte) *element {
	t.Helper()
	var root element
	if err := xml.Unmarshal(svg, &root); err != nil {
		t.Fatalf("%v in\n%s", err, svg)
	}
	return &root
}

// TestSVG: every node, pod, host end and overlay is there, with its lines.
func TestSVG(t *testing.T) {
	for name, m := range samples(t) {
		t.Run(name, func(t *testing.T) {
			svg := SVG(m)
			if !bytes.Equal(svg, SVG(m)) {
				t.Fatal("two pictures of one map differ")
			}
			root := parse(t, svg)
			nodes := root.all("node")
			if len(nodes) != len(m.Nodes) {
				t.Fatalf("%d nodes, want %d", len(nodes), len(m.Nodes))
			}
			drawn := map[string]*element{}
			for _, n := range nodes {
				for _, p := range n.all("pod") {
					if p.attr("data-node") != n.attr("data-node") {
						t.Errorf("%s is in the box of %s", p.attr("data-pod"), n.attr("data-node"))
					}
					drawn[p.attr("id")] = p
				}
			}
			if len(drawn) != len(m.Pods) {
				t.Fatalf("%d pods, want %d", len(drawn), len(m.Pods))
			}
			for i := range m.Pods {
				checkPod(t, m, &m.Pods[i], drawn)
			}
			for i := range m.Nodes {
				checkDevices(t, &m.Nodes[i], nodes)
			}
		})
	}
}

func checkPod(t *testing.T, m *topology.Map, p *topology.Pod, drawn map[string]*element) {
	t.Helper()
	c := newCanvas(m)
	e := drawn[c.pods[p]]
	if e == nil || e.attr("data-pod") != p.ID() || e.attr("data-node") != p.Node {
		t.Errorf("%s of %s is not drawn", p.ID(), p.Node)
		return
	}
	if e.is("warned") != (len(p.Warnings) > 0) || (len(e.all("badge")) == 1) != (len(p.Warnings) > 0) {
		t.Errorf("%s: class %q for %d warnings", p.ID(), e.attr("class"), len(p.Warnings))
	}
	i := first(p)
	wires := len(e.all("wire"))
	switch {
	case p.HostNetwork || i == nil || len(i.Path) < 2:
		if wires != 0 {
			t.Errorf("%s: %d lines to nowhere", p.ID(), wires)
		}
	case wires != 1:
		t.Errorf("%s: %d lines", p.ID(), wires)
	case i.HostEnd() != nil && !strings.Contains(e.words(), fit(i.HostEnd().Name, 16)):
		t.Errorf("%s: no host end %s in %q", p.ID(), i.HostEnd().Name, e.words())
	}
}

func checkDevices(t *testing.T, n *topology.Node, nodes []*element) {
	t.Helper()
	i := slices.IndexFunc(nodes, func(e *element) bool { return e.attr("data-node") == n.Name })
	var drawn []string
	for _, d := range nodes[i].all("device") {
		drawn = append(drawn, d.attr("data-device"))
	}
	for _, d := range n.Devices {
		if !slices.Contains(drawn, d.Name) {
			t.Errorf("%s of %s is not drawn: %q", d.Name, n.Name, drawn)
		}
	}
}

// TestTrunks: two nodes with a tunnel and a network, joined by lines.
func TestTrunks(t *testing.T) {
	root := parse(t, SVG(mapOf(t, "flannel")))
	trunks := root.all("trunk")
	if len(trunks) != 2 || trunks[0].attr("data-label") != "vxlan 1, udp 8472" || trunks[1].attr("data-label") != "10.99.0.0/24" {
		t.Fatalf("%+v", trunks)
	}
	var legs []string
	for _, l := range root.all("leg") {
		legs = append(legs, l.attr("data-node")+" "+l.attr("data-device"))
	}
	if want := []string{"node-a flannel.1", "node-b flannel.1", "node-a eth0", "node-b eth0"}; !slices.Equal(legs, want) {
		t.Errorf("%q", legs)
	}
	var links []string
	for _, l := range root.all("link") {
		links = append(links, l.attr("data-to"))
	}
	if want := []string{"flannel.1", "eth0", "flannel.1", "eth0"}; !slices.Equal(links, want) {
		t.Errorf("%q", links)
	}

	root = parse(t, SVG(mapOf(t, "broken"))) // neither side hears the other
	var dashed int
	for _, tr := range root.all("tunnel") {
		dashed++
		if !tr.is("dashed") {
			t.Errorf("%s is drawn whole", tr.attr("data-label"))
		}
	}
	if dashed != 2*3 { // a trunk and two legs for each
		t.Errorf("%d parts of tunnels", dashed)
	}
}

// TestLayout: nothing covers anything else, and all is inside of what it is of.
func TestLayout(t *testing.T) {
	for name, m := range samples(t) {
		p := layout(m)
		paper := rect{0, 0, p.w, p.h}
		var boxes []rect
		add := func(what string, r, in rect) {
			if !r.in(in) {
				t.Errorf("%s: %s %+v is not in %+v", name, what, r, in)
			}
			for _, b := range boxes {
				if r.meets(b) {
					t.Errorf("%s: %s %+v covers %+v", name, what, r, b)
				}
			}
			boxes = append(boxes, r)
		}
		for i, b := range p.nodes {
			if !b.in(paper) || i > 0 && b.meets(p.nodes[i-1].rect) {
				t.Errorf("%s: node %s at %+v", name, b.node.Name, b.rect)
			}
			for _, g := range b.groups {
				for _, o := range g.pods {
					add(o.pod.ID(), o.rect, b.rect)
				}
				if g.bar.h > 0 {
					add(g.label, g.bar, b.rect)
				}
			}
			for _, c := range b.chips {
				add(c.device.Name, c.rect, b.rect)
			}
		}
		for _, tr := range p.trunks {
			if tr.x >= p.w || len(tr.legs) < 2 {
				t.Errorf("%s: trunk %+v", name, tr)
			}
		}
	}
}

// TestHTML: the page is well-formed, loads nothing, and names all pods.
func TestHTML(t *testing.T) {
	for name, m := range samples(t) {
		page := string(HTML(m))
		for _, bad := range []string{"http://", "https://", "src=", "url(", "@import", "style=", " onclick", "javascript:"} {
			if n := strings.Count(page, bad); n > strings.Count(page, `xmlns="`+bad) {
				t.Errorf("%s: the page has %q", name, bad)
			}
		}
		for i := range m.Pods {
			if !strings.Contains(page, `">`+escape(m.Pods[i].ID())+"</a>") {
				t.Errorf("%s: no %s", name, m.Pods[i].ID())
			}
		}
		for _, w := range m.All() {
			if !strings.Contains(page, escape(w.Text)) {
				t.Errorf("%s: no %q", name, w.Text)
			}
		}
		ids := map[string]bool{}
		for part := range strings.SplitSeq(page, ` id="`) {
			id, _, _ := strings.Cut(part, `"`)
			if ids[id] {
				t.Errorf("%s: id %s twice", name, id)
			}
			ids[id] = true
		}
	}
}

// TestHostile: names that would be markup are text.
func TestHostile(t *testing.T) {
	m := mapOf(t, "flannel")
	evil := "</title><script>alert(1)</script>\"'&\x00\x1b[31m\ufffe"
	m.Nodes[0].Name, m.Pods[0].Name, m.Pods[0].Node = evil, evil, evil
	m.Pods[0].Warnings = []topology.Warning{{Kind: "x", Text: evil, Why: evil}}
	for _, b := range [][]byte{SVG(m), HTML(m)} {
		if bytes.Contains(b, []byte("<script>alert")) || bytes.ContainsAny(b, "\x00\x1b") {
			t.Errorf("%q", b)
		}
	}
	parse(t, SVG(m))
}

func FuzzSVG(f *testing.F) {
	f.Add("web", "node", "10.0.0.1 <b>", 3)
	f.Add("\xff]]>", "&#0;", "-->", 30)
	f.Fuzz(func(t *testing.T, pod, node, text string, n int) {
		m := &topology.Map{Nodes: []topology.Node{{Name: node}}}
		for range min(max(n, 0), 40) {
			m.Pods = append(m.Pods, topology.Pod{Name: pod, Node: node, Warnings: []topology.Warning{{Text: text}}})
		}
		d := xml.NewDecoder(bytes.NewReader(SVG(m)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
