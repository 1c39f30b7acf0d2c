package action

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Viewer is a program that shows packets while they are caught.
type Viewer string

// The viewers.
const (
	Wireshark Viewer = "Wireshark"
	Tshark    Viewer = "tshark"
)

// ViewerOptions say which program gets the packets, and how it is started.
type ViewerOptions struct {
	// Program is Wireshark or Tshark.
	Program Viewer
	// Args are added to tshark's own.
	Args []string
	// Title of the window; empty: the targets.
	Title string
	// Stdout is tshark's, Stderr that of both.
	Stdout, Stderr io.Writer
}

// find looks the program up: on PATH, then where its installers put it.
func (o *ViewerOptions) find(goos string, env func(string) string) (string, error) {
	name := strings.ToLower(string(o.Program))
	if path, err := exec.LookPath(name); err == nil { // one in the current folder is an error
		return path, nil
	}
	places := viewerPlaces(goos, env, o.Program)
	for _, path := range places {
		if path, err := exec.LookPath(path); err == nil {
			return path, nil
		}
	}
	looked := "PATH"
	if len(places) > 0 {
		looked += ", " + strings.Join(places, ", ")
	}
	hint := "install it, or write a file: -o FILE"
	if o.Program == Wireshark {
		hint = "install it, or use --tshark, or write a file: -o FILE"
	}
	return "", &Error{Err: fmt.Errorf("no %s on this machine (looked at %s)", o.Program, looked), Hint: hint}
}

// viewerPlaces is where Wireshark's installers put a program, beside PATH.
func viewerPlaces(goos string, env func(string) string, program Viewer) (list []string) {
	switch goos {
	case "darwin":
		list = append(list, "/Applications/Wireshark.app/Contents/MacOS/"+string(program))
		if home := env("HOME"); home != "" {
			list = append(list, home+"/Applications/Wireshark.app/Contents/MacOS/"+string(program))
		}
	case "windows":
		for _, name := range []string{"ProgramW6432", "ProgramFiles", "ProgramFiles(x86)"} {
			if dir := env(name); dir != "" {
				path := filepath.Join(dir, "Wireshark", string(program)+".exe")
				if len(list) == 0 || list[len(list)-1] != path {
					list = append(list, path)
				}
			}
		}
	}
	return list
}

// argv are the program's arguments; input is "-" or a pipe's name. tshark reads its stdin as a file, which it
// does as the packets come: as a capture it would start dumpcap, which not
// everybody may, and fill the folder of temporary files.
func (o *ViewerOptions) argv(title, input string) []string {
	if o.Program == Tshark {
		return append([]string{"-l", "-r", "-"}, o.Args...)
	}
	// gui.window_title knows %F, %P, %S and %V.
	return []string{"-o", "gui.window_title:" + strings.ReplaceAll(oneWord(title), "%", ""), "-k", "-i", input}
}

// viewerTitle is the window's title: the targets, and on a cluster where they
// are.
func (o *CaptureOptions) viewerTitle() string {
	if o.Viewer.Title != "" {
		return o.Viewer.Title
	}
	if o.Cluster == nil {
		return strings.Join(o.Request.Targets, ", ")
	}
	place := "all namespaces"
	if !o.Cluster.AllNamespaces {
		place, _, _ = o.Cluster.Loader.ToRawKubeConfigLoader().Namespace() // without one the capture fails by itself
	}
	names := make([]string, 0, len(o.Request.Targets))
	for _, t := range o.Request.Targets {
		name := strings.TrimPrefix(t, "pod/")
		if !strings.HasPrefix(name, "node/") {
			name = place + "/" + name
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		names = append(names, place+"/"+o.Cluster.Selector)
	}
	return strings.Join(names, ", ")
}

// oneWord keeps a title to one line without control characters.
func oneWord(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

// fileName makes a pipe's name of a title: Wireshark shows it too.
func fileName(title string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, title)
	name = strings.TrimLeft(name[:min(len(name), 60)], "-.")
	if name == "" {
		return "packets"
	}
	return name
}

// checkViewer refuses what does not go with a viewer.
func (o *CaptureOptions) checkViewer() error {
	switch v := o.Viewer; {
	case v.Program != Wireshark && v.Program != Tshark:
		return Usage("--wireshark or --tshark", fmt.Errorf("no viewer %q", v.Program))
	case o.Output != "":
		return Usage("one of them; both can save what they show", fmt.Errorf("--%s with -o", strings.ToLower(string(v.Program))))
	case v.Program == Wireshark && len(v.Args) > 0:
		return Usage("--wireshark takes none", errors.New("arguments for Wireshark"))
	}
	return nil
}
