package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// socketsHere lists the sockets of the calling thread's network namespace that
// belong to a process, by kind and inode.
func socketsHere() (list []string, err error) {
	for kind, column := range map[string]int{"packet": 8, "netlink": 9, "tcp": 9, "udp": 9, "raw": 9, "icmp": 9, "tcp6": 9, "udp6": 9, "raw6": 9, "icmp6": 9} {
		f, err := os.Open("/proc/thread-self/net/" + kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := bufio.NewScanner(f)
		s.Scan() // the columns' names
		for s.Scan() {
			w := strings.Fields(s.Text())
			if len(w) <= column || w[column] == "0" || kind == "netlink" && w[2] == "0" { // ended, or the kernel's own
				continue
			}
			list = append(list, kind+" socket "+w[column])
		}
		err = errors.Join(s.Err(), f.Close())
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// object is what bpftool lists.
type object struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Prog   int    `json:"prog_id"` // of a link
	MapIDs []int  `json:"map_ids"` // of a program
}

// bpftool lists all programs, maps or links of the machine.
func bpftool[T any](kind string) (list []T, err error) {
	b, err := exec.Command("bpftool", "-j", kind, "list").CombinedOutput() //nolint:noctx // it ends in a moment
	if err != nil {
		return nil, fmt.Errorf("bpftool: %w: %s", err, b)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("read bpftool's %s list: %w: %s", kind, err, b)
	}
	return list, nil
}

// objects lists the machine's BPF programs, maps and links that are a trace's
// by their names, or belong to one that is, and that no living process holds:
// other traces may run beside this.
func objects() ([]string, error) {
	links, err := bpftool[object]("link")
	if err != nil {
		return nil, err
	}
	progs, err := bpftool[object]("prog")
	if err != nil {
		return nil, err
	}
	maps, err := bpftool[object]("map")
	if err != nil {
		return nil, err
	}
	held := heldObjects()
	// A link holds its program, a program its maps.
	for _, l := range links {
		if held["link_id"][l.ID] {
			held["prog_id"][l.Prog] = true
		}
	}
	var ours []int
	var list []string
	for _, p := range progs {
		for _, m := range p.MapIDs {
			held["map_id"][m] = held["map_id"][m] || held["prog_id"][p.ID]
		}
		if strings.HasPrefix(p.Name, "pkt_") {
			ours = append(ours, p.ID)
			if !held["prog_id"][p.ID] {
				list = append(list, fmt.Sprintf("BPF program %d %s", p.ID, p.Name))
			}
		}
	}
	for _, m := range maps {
		if !held["map_id"][m.ID] && (strings.HasPrefix(m.Name, "pkt_") || strings.HasPrefix(m.Name, ".")) {
			list = append(list, fmt.Sprintf("BPF map %d %s", m.ID, m.Name))
		}
	}
	for _, l := range links {
		if !held["link_id"][l.ID] && slices.Contains(ours, l.Prog) {
			list = append(list, fmt.Sprintf("BPF link %d of program %d", l.ID, l.Prog))
		}
	}
	return list, nil
}

// heldObjects are the numbers of those that living processes have open.
func heldObjects() map[string]map[int]bool { return held("[0-9]*") }

// heldBy are those of one process.
func heldBy(pid int) map[string]map[int]bool { return held(strconv.Itoa(pid)) }

func held(process string) map[string]map[int]bool {
	held := map[string]map[int]bool{"prog_id": {}, "map_id": {}, "link_id": {}}
	files, _ := filepath.Glob("/proc/" + process + "/fd/*")
	for _, name := range files {
		if to, err := os.Readlink(name); err != nil || !strings.HasPrefix(to, "anon_inode:bpf") {
			continue
		}
		dir, fd := filepath.Split(name)
		b, _ := os.ReadFile(strings.TrimSuffix(dir, "fd/") + "fdinfo/" + fd) // gone if it cannot be read
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(line, ":")
			var id int
			if of, ok := held[key]; ok {
				if _, err := fmt.Sscan(value, &id); err == nil {
					of[id] = true
				}
			}
		}
	}
	return held
}
