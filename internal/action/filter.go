package action

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/filter"
)

// FilterOptions say what to compile an expression for.
type FilterOptions struct {
	Expression string
	// Link is a name as tcpdump -y takes it: EN10MB, LINUX_SLL2 or RAW.
	Link string
	// Live compiles for a socket, else for a file.
	Live bool
	// Inner matches the packet inside of a tunnel too.
	Inner bool
	// SnapLen is what a match returns; 0 is 262144.
	SnapLen int
}

// CompileFilter compiles an expression.
func CompileFilter(o FilterOptions) (filter.Program, error) {
	link, ok := filter.ParseLink(o.Link)
	if !ok {
		return nil, Usage("-y takes EN10MB, LINUX_SLL2 or RAW", fmt.Errorf("no link type %q", o.Link))
	}
	if o.SnapLen < 0 {
		return nil, Usage("-s takes a number of bytes", fmt.Errorf("snap length %d", o.SnapLen))
	}
	e, err := filter.Parse(o.Expression)
	if err != nil {
		return nil, explainFilter(err)
	}
	p, err := e.Compile(filter.Options{Link: link, Live: o.Live, Inner: o.Inner, SnapLen: uint32(o.SnapLen)})
	if err != nil {
		return nil, explainFilter(err)
	}
	return p, nil
}
