package cli

import (
	"io"
	"strings"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

// writeLab lists a lab's hosts.
func writeLab(w io.Writer, l *action.Lab) error {
	var rows [][]string
	for _, p := range l.Problems {
		rows = append(rows, []string{"  broken", p})
	}
	for _, n := range l.Nodes {
		var devices []string
		for _, d := range n.Devices {
			devices = append(devices, d.Name)
		}
		rows = append(rows, []string{"  " + n.Name, n.IPv4.String(), strings.Join(devices, " ")})
		for _, p := range l.Pods {
			if p.Node == n.Name {
				rows = append(rows, []string{"    " + p.Name, p.IPv4.String(), strings.TrimSpace("eth0 " + p.HostDevice)})
			}
		}
	}
	rows = append(rows, []string{"  " + l.Outside.Name, l.Outside.IPv4.String(), ""})
	_, err := io.WriteString(w, text.Columns(rows))
	return err
}
