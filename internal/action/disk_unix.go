//go:build unix

package action

import "golang.org/x/sys/unix"

// freeShare says which share of the disk that holds a path is free for its
// user, 0 to 1.
func freeShare(path string) (float64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	if s.Blocks == 0 {
		return 1, nil // /dev and other places that keep nothing
	}
	return float64(s.Bavail) / float64(s.Blocks), nil
}
