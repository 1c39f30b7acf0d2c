package action

import (
	"slices"
	"strings"
	"testing"
)

func TestViewerPlaces(t *testing.T) {
	env := func(list ...string) func(string) string {
		return func(name string) string {
			for _, e := range list {
				if k, v, _ := strings.Cut(e, "="); k == name {
					return v
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		goos    string
		env     func(string) string
		program Viewer
		want    []string
	}{
		{"linux", env("HOME=/root"), Wireshark, nil},
		{"darwin", env(), Wireshark, []string{"/Applications/Wireshark.app/Contents/MacOS/Wireshark"}},
		{"darwin", env("HOME=/Users/ann"), Tshark, []string{
			"/Applications/Wireshark.app/Contents/MacOS/tshark", "/Users/ann/Applications/Wireshark.app/Contents/MacOS/tshark",
		}},
		{"windows", env(), Tshark, nil},
		{"windows", env(`ProgramFiles=C:\P`, `ProgramW6432=C:\P`, `ProgramFiles(x86)=C:\Q`), Wireshark, []string{
			`C:\P/Wireshark/Wireshark.exe`, `C:\Q/Wireshark/Wireshark.exe`,
		}},
	} {
		if got := viewerPlaces(c.goos, c.env, c.program); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.goos, c.program, got, c.want)
		}
	}
}

// A title comes from names that others give: it is one argument, one line, and
// no other option.
func TestViewerArguments(t *testing.T) {
	for title, want := range map[string]string{
		"shop/web":           "gui.window_title:shop/web",
		"a\nb\x1b[2J":        "gui.window_title:a b [2J",
		"100%P":              "gui.window_title:100P",
		"-o gui.x:y; reboot": "gui.window_title:-o gui.x:y; reboot",
	} {
		o := ViewerOptions{Program: Wireshark}
		if got := o.argv(title, "-"); !slices.Equal(got, []string{"-o", want, "-k", "-i", "-"}) {
			t.Errorf("%q: %q", title, got)
		}
	}
	o := ViewerOptions{Program: Tshark, Args: []string{"-Y", "a b"}}
	if got := o.argv("x", "-"); !slices.Equal(got, []string{"-l", "-r", "-", "-Y", "a b"}) {
		t.Errorf("%q", got)
	}
	for title, want := range map[string]string{
		"shop/web-1": "shop_web-1", "../../etc": "_.._etc", "--x": "x", "": "packets", "äöü": "___", strings.Repeat("x", 300): strings.Repeat("x", 60),
	} {
		if got := fileName(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}
