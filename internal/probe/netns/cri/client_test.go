package cri

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is gRPC's own, with answers as a test wants them.
type server struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	list   func(context.Context, *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error)
	status func(context.Context, *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error)
}

func (s *server) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{RuntimeName: "testd", RuntimeVersion: "1.2.3"}, nil
}

func (s *server) ListPodSandbox(ctx context.Context, r *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	return s.list(ctx, r)
}

func (s *server) PodSandboxStatus(ctx context.Context, r *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	return s.status(ctx, r)
}

// dial connects a client with gRPC's server.
func dial(t *testing.T, s runtimeapi.RuntimeServiceServer) *Client {
	t.Helper()
	l, path := listen(t)
	g := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(g, s)
	done := make(chan error)
	go func() { done <- g.Serve(l) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // stopped before it started
			t.Error(err)
		}
	})
	return connect(t, path)
}

func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

func connect(t *testing.T, path string) *Client {
	t.Helper()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestManyQuestionsOnOneConnection(t *testing.T) {
	s := &server{
		list: func(ctx context.Context, r *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			if _, ok := ctx.Deadline(); !ok || strings.Join(md["content-type"], "") != "application/grpc" {
				t.Errorf("the request has metadata %v", md)
			}
			out := &runtimeapi.ListPodSandboxResponse{}
			for range 3000 { // some 300 kB: more than a window, many frames
				out.Items = append(out.Items, &runtimeapi.PodSandbox{
					Id: strings.Repeat("a", 64), CreatedAt: 7,
					Metadata: &runtimeapi.PodSandboxMetadata{Name: r.GetFilter().GetLabelSelector()["name"], Namespace: "shop", Uid: "u"},
				})
			}
			return out, nil
		},
		status: func(_ context.Context, r *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
			if r.GetPodSandboxId() == "none" {
				return nil, status.Error(codes.NotFound, "no such sandbox: 100 % sure\n\"é\"")
			}
			return &runtimeapi.PodSandboxStatusResponse{Info: map[string]string{"info": strings.Repeat("x", 1<<20)}}, nil
		},
	}
	c := dial(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 20 {
		if name, version, err := c.Version(ctx); err != nil || name != "testd" || version != "1.2.3" {
			t.Fatalf("%q %q, %v", name, version, err)
		}
		list, err := c.Ready(ctx, map[string]string{"name": "web"})
		if err != nil || len(list) != 3000 || list[2999] != (Sandbox{strings.Repeat("a", 64), "shop", "web", "u", 7}) {
			t.Fatalf("%d sandboxes, %v", len(list), err)
		}
		if st, err := c.Status(ctx, "some"); err != nil || len(st.Info["info"]) != 1<<20 || st.HostNetwork {
			t.Fatalf("%d bytes, %v", len(st.Info["info"]), err)
		}
		_, err = c.Status(ctx, "none")
		var refused *StatusError
		if !errors.As(err, &refused) || refused.Code != NotFound || refused.Message != "no such sandbox: 100 % sure\n\"é\"" {
			t.Fatalf("%v", err)
		}
		if want := "not found: no such sandbox"; !strings.HasPrefix(err.Error(), want) {
			t.Fatalf("%v, expected %s", err, want)
		}
	}
}

func TestRuntimeWithoutTheService(t *testing.T) {
	l, path := listen(t)
	g := grpc.NewServer()
	done := make(chan error)
	go func() { done <- g.Serve(l) }()
	defer func() {
		g.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	_, _, err := connect(t, path).Version(t.Context())
	var refused *StatusError
	if !errors.As(err, &refused) || refused.Code != Unimplemented || !strings.Contains(err.Error(), "unknown service runtime.v1.RuntimeService") {
		t.Errorf("%v", err)
	}
}

func TestAnswerThatIsTooLong(t *testing.T) {
	c := dial(t, &server{status: func(context.Context, *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
		return &runtimeapi.PodSandboxStatusResponse{Info: map[string]string{"info": strings.Repeat("x", maxAnswer)}}, nil
	}})
	if _, err := c.Status(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("%v", err)
	}
	if _, _, err := c.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("after that: %v", err)
	}
}

func TestQuestionsThatAreTooLong(t *testing.T) {
	c := dial(t, &server{})
	if _, err := c.Status(t.Context(), strings.Repeat("a", maxFrame)); err == nil || !strings.Contains(err.Error(), "question is too long") {
		t.Errorf("%v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	l, path := listen(t)
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c := connect(t, path)
	start := time.Now()
	_, _, err := c.Version(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if _, _, err := c.Version(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after that: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := connect(t, path).Version(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
