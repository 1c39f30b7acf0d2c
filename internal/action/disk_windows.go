package action

import "golang.org/x/sys/windows"

// freeShare says which share of the disk that holds a path is free for its
// user, 0 to 1.
func freeShare(path string) (float64, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var mine, total uint64
	if err := windows.GetDiskFreeSpaceEx(p, &mine, &total, nil); err != nil {
		return 0, err
	}
	if total == 0 {
		return 1, nil
	}
	return float64(mine) / float64(total), nil
}
