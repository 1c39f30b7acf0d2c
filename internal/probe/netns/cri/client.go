package cri

import (
	"context"
	"fmt"
	"net"
)

const service = "/runtime.v1.RuntimeService/"

// Client is a connection to a runtime. It asks one question at a time. An
// answer that makes no sense ends it: all that follow fail.
type Client struct {
	conn *conn
}

// Dial connects to the socket at a path. It does not wait: a socket whose
// queue is full is an error.
func Dial(socket string) (*Client, error) {
	// A net.Dialer would bring the whole of DNS with it.
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return &Client{newConn(c)}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.rw.Close() }

// Version gives the runtime's name and version, "containerd" and "2.1.4".
func (c *Client) Version(ctx context.Context) (name, version string, err error) {
	b, err := c.conn.call(ctx, service+"Version", nil)
	if err != nil {
		return "", "", err
	}
	if name, version, err = decodeVersion(b); err != nil {
		return "", "", fmt.Errorf("read version: %w", err)
	}
	return name, version, nil
}

// Ready lists the sandboxes that are ready and have all the labels.
func (c *Client) Ready(ctx context.Context, labels map[string]string) ([]Sandbox, error) {
	b, err := c.conn.call(ctx, service+"ListPodSandbox", encodeList(labels))
	if err != nil {
		return nil, err
	}
	list, err := decodeList(b)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	return list, nil
}

// Running lists the containers that run.
func (c *Client) Running(ctx context.Context) ([]Container, error) {
	b, err := c.conn.call(ctx, service+"ListContainers", encodeContainers())
	if err != nil {
		return nil, err
	}
	list, err := decodeContainers(b)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	return list, nil
}

// Status asks for more about a sandbox.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	b, err := c.conn.call(ctx, service+"PodSandboxStatus", encodeStatus(id))
	if err != nil {
		return Status{}, err
	}
	st, err := decodeStatus(b)
	if err != nil {
		return Status{}, fmt.Errorf("read status: %w", err)
	}
	return st, nil
}
