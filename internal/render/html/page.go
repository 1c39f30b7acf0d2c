package html

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/render/text"
	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// HTML is the picture as a page, with what is wrong in words and the pods as a
// table.
func HTML(m *topology.Map) []byte {
	c := newCanvas(m)
	style := pageStyle + pictureStyle
	title := summary(m)
	c.f(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'">
<title>%s</title>
<style>%s</style>
</head>
<body>
<header>
<h1>%s</h1>
<label id="search" hidden>find <input id="q" type="search" placeholder="pod, node, address" autocomplete="off"> <output id="said" for="q"></output></label>
<div class="key"><span><i></i>pod</span><span><i class="k-bar"></i>bridge</span><span><i class="k-over"></i>overlay</span><span><i class="k-up"></i>uplink</span><span><i class="k-warn"></i>warning</span></div>
</header>
<main>
<div class="scroll">`, digest(style), digest(script), escape(title), style, escape(title))
	c.draw(m, "")
	c.f("</div>")
	c.warnings(m)
	c.table(m)
	c.f("</main>\n<script>%s</script>\n</body>\n</html>", script)
	return []byte(c.String())
}

// digest is what a content security policy names an inline element by.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// summary counts what is on the map.
func summary(m *topology.Map) string {
	s := text.Count(len(m.Nodes), "node") + ", " + text.Count(len(m.Pods), "pod")
	if len(m.Tunnels) > 0 {
		s += ", " + text.Count(len(m.Tunnels), "tunnel")
	}
	if n := len(m.All()); n > 0 {
		s += ", " + text.Count(n, "warning")
	}
	return s
}

func (c *canvas) warnings(m *topology.Map) {
	all := m.All()
	if len(all) == 0 {
		return
	}
	c.f("<h2>Warnings</h2>\n<ul>")
	for i := range all {
		w := &all[i]
		where := w.Pod
		if where == "" {
			where = w.Node
		}
		c.f(`<li class="warning" data-search="%s"><b>%s</b> %s %s`, escape(strings.ToLower(where+" "+w.Node)), escape(string(w.Kind)), escape(where), escape(w.Text))
		if w.Why != "" {
			c.f(`<br><span class="why">inferred: %s</span>`, escape(w.Why))
		}
		c.f("</li>")
	}
	c.f("</ul>")
}

// table has what the picture has, for copying and for readers that see none.
func (c *canvas) table(m *topology.Map) {
	if len(m.Pods) == 0 {
		return
	}
	c.f("<h2>Pods</h2>\n<div class=\"table\"><table>\n<thead><tr><th>Node</th><th>Pod</th><th>Address</th><th>Interface</th><th>Host end</th><th>Bridge, port</th><th>By</th><th>CNI</th><th>MTU</th></tr></thead>\n<tbody>")
	for i := range m.Pods {
		p := &m.Pods[i]
		id := c.pods[p]
		if len(p.Interfaces) == 0 {
			c.row(p, id, nil)
		}
		for n := range p.Interfaces {
			c.row(p, id, &p.Interfaces[n])
		}
	}
	c.f("</tbody></table></div>")
}

func (c *canvas) row(p *topology.Pod, id string, i *topology.Interface) {
	cells := make([]string, 9)
	cells[0], cells[7] = p.Node, p.CNI.String()
	switch i {
	case nil:
		for _, a := range p.Addresses {
			cells[2] = strings.TrimPrefix(cells[2]+", "+a.String(), ", ")
		}
		if p.HostNetwork {
			cells[4] = "host network"
		}
	default:
		for _, a := range i.Device().Addresses {
			cells[2] = strings.TrimPrefix(cells[2]+", "+a.Addr().String(), ", ")
		}
		cells[3] = i.Device().Name
		if h := i.HostEnd(); h != nil {
			cells[4] = h.Name
			cells[5] = h.Master
			if h.Port > 0 {
				cells[5] += fmt.Sprintf(", %d", h.Port)
			}
		}
		cells[6] = leaves(i)
		if i.MTU > 0 {
			cells[8] = strconv.Itoa(i.MTU)
		}
	}
	fmt.Fprintf(c, `<tr data-search="%s">`, escape(searchText(p)))
	for n, cell := range cells {
		if n == 1 {
			fmt.Fprintf(c, `<td><a href="#%s">%s</a></td>`, escape(id), escape(p.ID()))
			continue
		}
		fmt.Fprintf(c, "<td>%s</td>", escape(cell))
	}
	c.f("</tr>")
}

// leaves is by which devices packets go to other nodes.
func leaves(i *topology.Interface) string {
	var out []string
	for _, s := range i.Path {
		if s.Role == trail.RoleOverlay || s.Role == trail.RoleUplink {
			out = append(out, s.Name)
		}
	}
	return strings.Join(out, ", ")
}
