package action

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/pktrail/pktrail/internal/agent"
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

func TestViewerTitle(t *testing.T) {
	shop := "shop"
	config := genericclioptions.NewConfigFlags(false)
	config.Namespace = &shop
	none := "/dev/null"
	config.KubeConfig = &none
	for want, o := range map[string]CaptureOptions{
		"netns:a, pid:1":     {Request: agent.Capture{Targets: []string{"netns:a", "pid:1"}}},
		"shop/web-x2k8l":     {Request: agent.Capture{Targets: []string{"pod/web-x2k8l"}}, Cluster: &ClusterOptions{Loader: config}},
		"shop/deploy/web":    {Request: agent.Capture{Targets: []string{"deploy/web"}}, Cluster: &ClusterOptions{Loader: config}},
		"shop/web, node/a":   {Request: agent.Capture{Targets: []string{"web", "node/a"}}, Cluster: &ClusterOptions{Loader: config}},
		"shop/app=web":       {Cluster: &ClusterOptions{Loader: config, Selector: "app=web"}},
		"all namespaces/a=b": {Cluster: &ClusterOptions{Loader: config, Selector: "a=b", AllNamespaces: true}},
	} {
		o.Viewer = &ViewerOptions{Program: Wireshark}
		if got := o.viewerTitle(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
