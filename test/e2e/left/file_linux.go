package left

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// nodeFolders are where a node is looked through; its containers' images and
// volumes lie elsewhere and are looked at from inside.
func nodeFolders() []string {
	return []string{"tmp", "run", "etc", "var/tmp", "dev/shm", "sys/fs/bpf"}
}

// files lists what has our name or is our program among the files that a
// process sees: all of them in a container, on a node those of the folders
// where somebody would put something.
func (p process) files(node bool) []string {
	root := filepath.Join(p.dir, "root")
	folders := []string{"."}
	if node {
		folders = nodeFolders()
	}
	var list []string
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder)+"/", func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // files come and go while we look
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return fmt.Errorf("name file: %w", err)
			}
			if d.IsDir() && skipped(name) {
				return filepath.SkipDir
			}
			if strings.HasPrefix(d.Name(), mark) || d.Type().IsRegular() && executable(d) && isProgram(path) {
				list = append(list, "file /"+name)
			}
			return nil
		})
		if err != nil {
			list = append(list, "files: "+err.Error())
		}
	}
	return list
}

// skipped are the folders that the kernel fills, and those where the runtime
// has the containers' own files, which are looked at from inside.
func skipped(name string) bool {
	switch name {
	case "proc", "sys", "run/containerd", "run/netns":
		return true
	}
	return false
}

func executable(d fs.DirEntry) bool {
	info, err := d.Info()
	return err == nil && info.Mode()&0o111 != 0
}
