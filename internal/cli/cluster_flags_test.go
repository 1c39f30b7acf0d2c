package cli

import (
	"io"
	"strings"
	"testing"
)

// Of several flags of clusters it is always the same one that is refused beside
// a target of this machine: the one that was typed first.
func TestRefuseLocal(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"capture netns:none -n a", "-n"},
		{"capture netns:none -n a -c b", "-n"},
		{"capture netns:none -c b -n a", "-c"},
		{"capture netns:none --follow -l a=b -A -x c -n d", "--follow"},
		{"trace netns:none 192.0.2.1 -x c -n d", "-x"},
		{"trace netns:none 192.0.2.1 -n d -x c", "-n"},
	} {
		for range 20 {
			var talk strings.Builder
			code := Run(t.Context(), append([]string{"pktrail"}, strings.Fields(c.line)...), Streams{In: strings.NewReader(""), Out: io.Discard, Err: &talk})
			if code != exitUsage || !strings.HasPrefix(talk.String(), "pktrail: error: flag "+c.want+" is of clusters") {
				t.Fatalf("%s: exit code %d, %s", c.line, code, talk.String())
			}
		}
	}
}
