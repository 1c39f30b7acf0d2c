package cli

import (
	"os/exec"
	"slices"
	"testing"
)

// What splitWords makes of a text is what sh makes of it, as far as there is
// no more in it than quotes and backslashes.
func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"  ", nil},
		{"-V", []string{"-V"}},
		{" -Y  http\t-V ", []string{"-Y", "http", "-V"}},
		{`-Y 'tcp.port == 80' -V`, []string{"-Y", "tcp.port == 80", "-V"}},
		{`-Y "ip.src == 10.0.0.1 && http.host == \"a\""`, []string{"-Y", `ip.src == 10.0.0.1 && http.host == "a"`}},
		{`-e a\ b ''x"" '' "\n\\"`, []string{"-e", "a b", "x", "", `\n\`}},
		{`'a'b"c"`, []string{"abc"}},
		{`'$HOME; touch x' "|"`, []string{"$HOME; touch x", "|"}},
		{"-T fields -e _ws.col.Info ä", []string{"-T", "fields", "-e", "_ws.col.Info", "ä"}},
	} {
		got, err := splitWords(c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '<%s>' `+c.text).Output()
		var want string
		for _, w := range c.want {
			want += "<" + w + ">"
		}
		if len(c.want) == 0 {
			want = "<>"
		}
		if err != nil || string(out) != want {
			t.Errorf("%q: sh says %q, %v", c.text, out, err)
		}
	}
	for _, text := range []string{`'`, `a "b`, `a\`, `"\"`} {
		if got, err := splitWords(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzSplitWords(f *testing.F) {
	f.Add(`-Y 'a b' "c\"" d\ e`)
	f.Fuzz(func(t *testing.T, text string) {
		words, err := splitWords(text)
		if err != nil {
			return
		}
		n := 0
		for _, w := range words {
			n += len(w)
		}
		if n > 3*len(text) { // what is no UTF-8 becomes U+FFFD, of three bytes
			t.Errorf("%q became %q", text, words)
		}
	})
}
