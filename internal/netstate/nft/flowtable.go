package nft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Flowtable is a flowtable: connections in it pass from ingress to egress
// without the rules between.
type Flowtable struct {
	Family   Family
	Table    string
	Name     string
	Handle   uint64
	Priority int32
	Devices  []string
	// Flags are of enum nft_flowtable_flags: 1 in hardware, 2 with counters.
	Flags uint32
}

// DecodeFlowtable reads the body of an NFT_MSG_NEWFLOWTABLE message; false if
// it names none.
func DecodeFlowtable(msg []byte) (Flowtable, bool) {
	fam, b, ok := split(msg)
	f := Flowtable{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_FLOWTABLE_TABLE
			f.Table = nlattr.Text(v)
		case 2: // NFTA_FLOWTABLE_NAME
			f.Name = nlattr.Text(v)
		case 3: // NFTA_FLOWTABLE_HOOK: NFTA_FLOWTABLE_HOOK_PRIORITY, _DEVS
			f.Priority = int32(num32(attr(v, 2)))
			for _, d := range list(attr(v, 3)) {
				f.Devices = append(f.Devices, nlattr.Text(d))
			}
		case 5: // NFTA_FLOWTABLE_HANDLE
			f.Handle = number(v)
		case 7: // NFTA_FLOWTABLE_FLAGS
			f.Flags = num32(v)
		}
	})
	slices.Sort(f.Devices)
	return f, ok && f.Name != "" && f.Table != ""
}

// Listing writes the flowtable as `nft list ruleset` does.
func (f *Flowtable) Listing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\tflowtable %s {\n", f.Name)
	fmt.Fprintf(&b, "\t\thook ingress priority %s\n", Priority(FamilyNetdev, 0, f.Priority))
	if len(f.Devices) > 0 {
		fmt.Fprintf(&b, "\t\tdevices = { %s }\n", strings.Join(f.Devices, ", "))
	}
	if f.Flags&1 != 0 {
		b.WriteString("\t\tflags offload\n")
	}
	if f.Flags&2 != 0 {
		b.WriteString("\t\tcounter\n")
	}
	b.WriteString("\t}\n")
	return b.String()
}

// JSON writes the flowtable as `nft -j list ruleset` does.
func (f *Flowtable) JSON() string {
	device := ""
	if len(f.Devices) > 0 {
		device = oneOrArray(quotedAll(f.Devices))
	}
	return object("flowtable", object("family", quoted(f.Family.String()), "name", quoted(f.Name), "table", quoted(f.Table),
		"handle", uintText(f.Handle), "hook", `"ingress"`, "prio", fmt.Sprint(f.Priority), "dev", device))
}
