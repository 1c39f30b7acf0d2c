package nlsock

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

func dialRoute(t *testing.T) *Conn {
	t.Helper()
	c, err := Dial(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

// TestDump lists the links of this machine, which Go knows too.
func TestDump(t *testing.T) {
	t.Parallel()
	c := dialRoute(t)
	n := 0
	err := c.Dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(m Message) error {
		if m.Type != unix.RTM_NEWLINK || len(m.Body) < unix.SizeofIfInfomsg {
			t.Errorf("%+v", m)
		}
		n++
		return nil
	})
	if err != nil && !errors.Is(err, ErrChanged) {
		t.Fatal(err)
	}
	if all, err := net.Interfaces(); err != nil || n == 0 || len(all) == 0 {
		t.Errorf("%d links, %d, %v", n, len(all), err)
	}
	// what the function says ends the matter, and the socket serves on
	stop := errors.New("enough")
	calls := 0
	for range 2 {
		err = c.Dump(unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), func(Message) error { calls++; return stop })
		if !errors.Is(err, stop) {
			t.Errorf("%v, want %v", err, stop)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// TestRefusal: the kernel's errno, and its words where it has any.
func TestRefusal(t *testing.T) {
	t.Parallel()
	c := dialRoute(t)
	never := func(Message) error { t.Error("an answer"); return nil }
	body := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(body[4:], 1<<31-2)
	err := c.Ask(unix.RTM_GETLINK, 0, body, never)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Errno != unix.ENODEV || !errors.Is(err, syscall.ENODEV) {
		t.Errorf("no such link: %v", err)
	}
	err = c.Dump(unix.RTM_GETADDR, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9}, never)
	if !errors.As(err, &refusal) || refusal.Text == "" || !strings.Contains(err.Error(), refusal.Text) {
		t.Errorf("a bad question: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Ask(unix.RTM_GETLINK, 0, body, never); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed socket: %v", err)
	}
	if err := c.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := Dial(999); err == nil {
		t.Error("a family that is none")
	}
}

// TestLongMessage: a buffer that is too short is so once.
func TestLongMessage(t *testing.T) {
	t.Parallel()
	c := dialRoute(t)
	c.buf = make([]byte, 64)
	err := c.Dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(Message) error { return nil })
	if !errors.Is(err, ErrChanged) {
		t.Fatalf("what is lost is not told: %v", err)
	}
	n := 0
	for range 3 { // the kernel may write more at once the next time
		n = 0
		err = c.Dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(Message) error { n++; return nil })
		if err == nil {
			break
		}
	}
	if err != nil || n == 0 {
		t.Errorf("%d links, %v", n, err)
	}
}

// msg is one message of an answer.
func msg(typ, flags uint16, seq uint32, body ...byte) []byte {
	order := binary.NativeEndian
	b := order.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	b = order.AppendUint16(b, typ)
	b = order.AppendUint16(b, flags)
	b = order.AppendUint32(b, seq)
	b = append(order.AppendUint32(b, 0), body...)
	return append(b, make([]byte, nlattr.Align(len(b))-len(b))...)
}

func errno(e syscall.Errno) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(-int32(e))) }

func TestRead(t *testing.T) {
	t.Parallel()
	text := nlattr.Append(nil, unix.NLMSGERR_ATTR_MSG, []byte("not so\x00")...)
	question := msg(7, 0, 5, 1, 2, 3)
	capped := append(errno(unix.EPERM), append(question[:16:16], text...)...)
	whole := append(errno(unix.EPERM), append(slices.Clip(question), text...)...)
	for name, c := range map[string]struct {
		b       []byte
		got     string
		done    bool
		changed bool
		errno   syscall.Errno
		text    string
	}{
		"two":      {b: append(msg(20, unix.NLM_F_MULTI, 5, 'a'), msg(20, unix.NLM_F_MULTI, 5, 'b', 'c')...), got: "a bc "},
		"other":    {b: append(msg(20, 0, 4, 'a'), msg(unix.NLMSG_DONE, 0, 4)...)},
		"done":     {b: append(msg(20, unix.NLM_F_DUMP_INTR, 5, 'a'), msg(unix.NLMSG_DONE, 0, 5, 0, 0, 0, 0)...), got: "a ", done: true, changed: true},
		"no-op":    {b: msg(unix.NLMSG_NOOP, 0, 5)},
		"accepted": {b: msg(unix.NLMSG_ERROR, 0, 5, make([]byte, 20)...), done: true},
		"capped":   {b: msg(unix.NLMSG_ERROR, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, 5, capped...), done: true, errno: unix.EPERM, text: "not so"},
		"whole":    {b: msg(unix.NLMSG_ERROR, unix.NLM_F_ACK_TLVS, 5, whole...), done: true, errno: unix.EPERM, text: "not so"},
		"at end":   {b: msg(unix.NLMSG_DONE, unix.NLM_F_ACK_TLVS, 5, append(errno(unix.EPERM), text...)...), done: true, errno: unix.EPERM, text: "not so"},
		"bare":     {b: msg(unix.NLMSG_ERROR, unix.NLM_F_ACK_TLVS, 5, errno(unix.EPERM)...), done: true, errno: unix.EPERM},
	} {
		got := ""
		a := answer{seq: 5, fn: func(m Message) error { got += string(m.Body) + " "; return nil }}
		err := a.read(c.b)
		var r *Refusal
		switch {
		case c.errno == 0 && err != nil, c.errno != 0 && !errors.As(err, &r):
			t.Errorf("%s: %v", name, err)
		case c.errno != 0 && (r.Errno != c.errno || r.Text != c.text || !errors.Is(err, fs.ErrPermission)):
			t.Errorf("%s: %+v", name, r)
		case got != c.got || a.done != c.done || a.changed != c.changed:
			t.Errorf("%s: %q, %+v", name, got, a)
		}
	}
	a := answer{seq: 5}
	if err := a.read(binary.NativeEndian.AppendUint32(nil, 99)[:4]); err != nil || a.done {
		t.Errorf("less than a header: %v", err)
	}
	if err := a.read(append(binary.NativeEndian.AppendUint32(nil, 99), make([]byte, 20)...)); err == nil {
		t.Error("a message that says it is longer than it is")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(append(msg(20, unix.NLM_F_MULTI, 5, 'a'), msg(unix.NLMSG_ERROR, unix.NLM_F_ACK_TLVS, 5, errno(unix.EPERM)...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		a := answer{seq: 5, fn: func(m Message) error { n += len(m.Body); return nil }}
		if err := a.read(b); n > len(b) {
			t.Errorf("%d bytes of %d, %v", n, len(b), err)
		}
	})
}
