//go:build !pktrail_lite

package nftrace

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// record writes what the kernel sends in TestNFT and TestLegacy to
// testdata: the commands as comments, then each message's body in hex. Run the
// tests with -update after it.
var record = flag.Bool("record", false, "record messages of the kernel in testdata")

// recorder opens a socket in the namespace that listens to the same messages.
func recorder(t *testing.T, ns string, listen func(*socket) error) *socket {
	t.Helper()
	var s *socket
	err := lab.Do(ns, func() (err error) {
		if s, err = openSocket(DefaultBuffer); err == nil {
			err = listen(s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// save writes the messages that have come.
func save(t *testing.T, s *socket, typ uint16, name, comment string) {
	t.Helper()
	var b strings.Builder
	for l := range strings.Lines(strings.TrimSpace(comment)) {
		b.WriteString("# " + strings.TrimRight(l, "\n") + "\n")
	}
	for {
		d, err := s.receive()
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		eachMessage(d, func(m nlMessage) {
			if m.typ == typ {
				b.WriteString(hex.EncodeToString(m.body) + "\n")
			}
		})
	}
	if err := os.WriteFile(filepath.Join("testdata", name), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// recordLegacy records what NFLOG sends for the packets of TestLegacy.
func recordLegacy(t *testing.T) {
	t.Helper()
	b := legacyBed(t, loggerNFLOG, loggerNFLOG)
	s := recorder(t, b.router, (*socket).listenNFLOG)
	tr := open(t, b.router, Options{Matches: []Match{toServer}, Legacy: LegacyOff})
	sendUDP(t, b.client, "10.96.0.10:80")
	sendUDP(t, b.client, "[fd09:2::2]:80")
	labtest.Wait(t, 5*time.Second, "two packets", func() bool {
		st, err := tr.Stats()
		return err == nil && st.Marked == 2
	})
	save(t, s, nflogPacket, "kube.nflog", "iptables-legacy-restore <<EOF\n"+kube+"EOF\n"+
		"ip6tables-legacy -A FORWARD -p udp --dport 80 -j REJECT\na datagram to 10.96.0.10:80, one to [fd09:2::2]:80")
}
