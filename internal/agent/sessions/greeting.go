package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pktrail/pktrail/internal/wire"
)

// greeting is the first line on a socket: which session is meant.
type greeting struct {
	ID string `json:"attach"`
	// From is the number of the last frame that the client has.
	From     uint64        `json:"from"`
	Compress wire.Compress `json:"compress"`
	// Room is that of a new session; 0 is the host's.
	Room int `json:"room,omitempty"`
}

const (
	greetIn  = 5 * time.Second // how long a connection may take to say it
	greetMax = 512             // bytes
)

func (g greeting) check() error {
	if err := CheckID(g.ID); err != nil {
		return err
	}
	_, err := wire.ParseCompress(string(g.Compress))
	return err
}

// readGreeting reads byte by byte, since what follows is somebody else's.
func readGreeting(c *net.UnixConn) (g greeting, err error) {
	if err := c.SetReadDeadline(time.Now().Add(greetIn)); err != nil {
		return g, err
	}
	var line []byte
	for one := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; line = append(line, one[0]) {
		if len(line) > greetMax {
			return g, errors.New("a greeting too long")
		}
		if _, err := c.Read(one); err != nil {
			return g, fmt.Errorf("read greeting: %w", err)
		}
	}
	if err := json.Unmarshal(line, &g); err != nil {
		return g, fmt.Errorf("read greeting: %w", err)
	}
	return g, errors.Join(g.check(), c.SetReadDeadline(time.Time{}))
}

func writeGreeting(c *net.UnixConn, g greeting) error {
	b, err := json.Marshal(g)
	if err != nil {
		return err
	}
	_, err = c.Write(append(b, '\n'))
	return err
}
