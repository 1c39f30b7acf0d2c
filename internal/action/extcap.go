package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ExtcapName is the file's name in Wireshark's folder of extcap programs.
const ExtcapName = "pktrail-extcap"

// InstallExtcap puts this program where Wireshark finds it: a link, or a copy
// where there are none. dir is the folder; empty is the personal one of the
// Wireshark that is here. It returns the file that it made.
func InstallExtcap(ctx context.Context, dir string) (string, error) {
	path, err := extcapFile(ctx, dir)
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", notWritable(err)
	}
	// Wireshark may be looking: the file is there at once and whole.
	fresh := path + ".new"
	_ = os.Remove(fresh)
	if runtime.GOOS == "windows" {
		err = copyProgram(self, fresh)
	} else {
		err = os.Symlink(self, fresh)
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return "", notWritable(err)
	}
	return path, nil
}

// UninstallExtcap removes what InstallExtcap has made; false if there was
// nothing.
func UninstallExtcap(ctx context.Context, dir string) (path string, removed bool, err error) {
	if path, err = extcapFile(ctx, dir); err != nil {
		return "", false, err
	}
	err = os.Remove(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, false, nil
	case err != nil:
		return path, false, notWritable(err)
	}
	return path, true, nil
}

func notWritable(err error) error {
	return &Error{Err: fmt.Errorf("install extcap: %w", err), Hint: "--dir FOLDER, one that Wireshark shows under About, Folders; or sudo for that of all users"}
}

func copyProgram(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// extcapFile is the program's place in a folder.
func extcapFile(ctx context.Context, dir string) (string, error) {
	if dir == "" {
		dir = askedExtcapDir(ctx)
	}
	if dir == "" {
		if dir = defaultExtcapDir(runtime.GOOS, os.Getenv); dir == "" {
			return "", Usage("--dir FOLDER, one that Wireshark shows under About, Folders", errors.New("no home folder"))
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	name := ExtcapName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name), nil
}

// askedExtcapDir is what the Wireshark that is here says; empty if there is
// none.
func askedExtcapDir(ctx context.Context) string {
	o := ViewerOptions{Program: Tshark}
	path, err := o.find(runtime.GOOS, os.Getenv)
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "-G", "folders")
	cmd.Stdout = &out
	if cmd.Run() != nil {
		return ""
	}
	return parseFolders(out.String())
}

// parseFolders finds the personal extcap folder in what tshark -G folders
// says: 4.2 and later name it, before that it lay in the personal
// configuration.
func parseFolders(text string) string {
	config := ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "personal extcap path":
			return value
		case "personal configuration":
			config = value
		}
	}
	if config == "" {
		return ""
	}
	return filepath.Join(config, "extcap")
}

// defaultExtcapDir is the personal folder of Wireshark 4.2 and later.
func defaultExtcapDir(goos string, env func(string) string) string {
	if goos == "windows" {
		if data := env("APPDATA"); data != "" {
			return filepath.Join(data, "Wireshark", "extcap")
		}
		return ""
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".local", "lib", "wireshark", "extcap")
	}
	return ""
}
