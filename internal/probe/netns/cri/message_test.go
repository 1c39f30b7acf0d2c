package cri

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestRequestsAreThoseOfTheAPI(t *testing.T) {
	for _, labels := range []map[string]string{nil, {"a": "1"}, {"io.kubernetes.pod.name": "web", "x": "", "": "y"}} {
		got, want := &runtimeapi.ListPodSandboxRequest{}, &runtimeapi.ListPodSandboxRequest{Filter: &runtimeapi.PodSandboxFilter{
			State: &runtimeapi.PodSandboxStateValue{State: runtimeapi.PodSandboxState_SANDBOX_READY}, LabelSelector: labels,
		}}
		if err := proto.Unmarshal(encodeList(labels), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%v: %v, %v", labels, got, err)
		}
	}
	running, wantRunning := &runtimeapi.ListContainersRequest{}, &runtimeapi.ListContainersRequest{Filter: &runtimeapi.ContainerFilter{
		State: &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING},
	}}
	if err := proto.Unmarshal(encodeContainers(), running); err != nil || !proto.Equal(running, wantRunning) {
		t.Errorf("%v, %v", running, err)
	}
	got, want := &runtimeapi.PodSandboxStatusRequest{}, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: "3f2a", Verbose: true}
	if err := proto.Unmarshal(encodeStatus("3f2a"), got); err != nil || !proto.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestAnswersAreReadAsTheAPIDoes fills all fields there are, ours among them.
func TestAnswersAreReadAsTheAPIDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string { return string(bytes.Repeat([]byte("aé"), r.IntN(100))) }
	pairs := func() map[string]string {
		m := map[string]string{}
		for i := range r.IntN(4) {
			m[strconv.Itoa(i)+text()] = text()
		}
		return m
	}
	for range 300 {
		list := &runtimeapi.ListPodSandboxResponse{}
		var want []Sandbox
		for range r.IntN(5) {
			p := &runtimeapi.PodSandbox{
				Id: text(), Metadata: &runtimeapi.PodSandboxMetadata{Name: text(), Uid: text(), Namespace: text(), Attempt: r.Uint32()},
				State: runtimeapi.PodSandboxState(r.IntN(2)), CreatedAt: int64(r.Uint64()),
				Labels: pairs(), Annotations: pairs(), RuntimeHandler: text(),
			}
			list.Items = append(list.Items, p)
			want = append(want, Sandbox{p.GetId(), p.GetMetadata().GetNamespace(), p.GetMetadata().GetName(), p.GetMetadata().GetUid(), p.GetCreatedAt()})
		}
		got, err := decodeList(marshal(t, list))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %v, %v", list, got, err)
		}
		containers := &runtimeapi.ListContainersResponse{}
		var wantContainers []Container
		for range r.IntN(5) {
			c := &runtimeapi.Container{
				Id: text(), PodSandboxId: text(), Metadata: &runtimeapi.ContainerMetadata{Name: text(), Attempt: r.Uint32()},
				Image: &runtimeapi.ImageSpec{Image: text(), Annotations: pairs(), UserSpecifiedImage: text(), RuntimeHandler: text()}, ImageRef: text(),
				State: runtimeapi.ContainerState(r.IntN(4)), CreatedAt: int64(r.Uint64()), Labels: pairs(), Annotations: pairs(), ImageId: text(),
			}
			containers.Containers = append(containers.Containers, c)
			wantContainers = append(wantContainers, Container{c.GetId(), c.GetPodSandboxId(), c.GetMetadata().GetName(), c.GetImage().GetImage()})
		}
		gotContainers, err := decodeContainers(marshal(t, containers))
		if err != nil || !reflect.DeepEqual(gotContainers, wantContainers) {
			t.Fatalf("%v: %v, %v", containers, gotContainers, err)
		}
		mode := runtimeapi.NamespaceMode(r.IntN(4))
		st := &runtimeapi.PodSandboxStatusResponse{
			Status: &runtimeapi.PodSandboxStatus{
				Id: text(), Metadata: &runtimeapi.PodSandboxMetadata{Name: text()}, CreatedAt: int64(r.Uint64()),
				Network: &runtimeapi.PodSandboxNetworkStatus{Ip: text()}, Labels: pairs(), Annotations: pairs(), RuntimeHandler: text(),
				Linux: &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{Options: &runtimeapi.NamespaceOption{
					Network: mode, Pid: runtimeapi.NamespaceMode_NODE, Ipc: runtimeapi.NamespaceMode_NODE, TargetId: text(),
				}}},
			},
			Info: pairs(), Timestamp: int64(r.Uint64()), ContainersStatuses: []*runtimeapi.ContainerStatus{{Id: text()}},
		}
		status, err := decodeStatus(marshal(t, st))
		if err != nil || !reflect.DeepEqual(status, Status{mode == runtimeapi.NamespaceMode_NODE, st.GetInfo()}) && len(st.GetInfo()) > 0 {
			t.Fatalf("%v: %v, %v", st, status, err)
		}
		v := &runtimeapi.VersionResponse{Version: text(), RuntimeName: text(), RuntimeVersion: text(), RuntimeApiVersion: text()}
		name, version, err := decodeVersion(marshal(t, v))
		if err != nil || name != v.GetRuntimeName() || version != v.GetRuntimeVersion() {
			t.Fatalf("%v: %q %q, %v", v, name, version, err)
		}
	}
}

func TestFieldsRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"half a key":         {0x80},
		"field 0":            {0x00, 0x00},
		"group":              {0x0b, 0x0c},
		"wire type 7":        {0x0f},
		"no number":          {0x08},
		"endless number":     bytes.Repeat([]byte{0x80}, 20),
		"number of 65 bits":  append([]byte{0x08}, append(bytes.Repeat([]byte{0xff}, 9), 0x7f)...),
		"no length":          {0x0a},
		"beyond the end":     {0x0a, 0x02, 'a'},
		"length of 64 bits":  append([]byte{0x0a}, append(bytes.Repeat([]byte{0xff}, 9), 0x01)...),
		"half of fixed64":    {0x09, 0, 0, 0, 0, 0, 0, 0},
		"half of fixed32":    {0x0d, 0, 0, 0},
		"field beyond 1<<29": binaryKey(1<<29, 0),
	} {
		if err := fields(b, func(field) error { return nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func binaryKey(number, wire uint64) []byte {
	return append(protowire.AppendVarint(nil, number<<3|wire), 0)
}

// FuzzFields compares with protowire and tries all messages.
func FuzzFields(f *testing.F) {
	f.Add(encodeList(map[string]string{"a": "b"}))
	f.Add(encodeStatus("3f2a"))
	f.Add(marshal(f, &runtimeapi.ListPodSandboxResponse{Items: []*runtimeapi.PodSandbox{{Id: "a", Metadata: &runtimeapi.PodSandboxMetadata{Name: "b"}, CreatedAt: -1}}}))
	f.Add([]byte{0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		rest := b
		err := fields(b, func(got field) error {
			number, wire, n := protowire.ConsumeTag(rest)
			if n < 0 || uint64(number) != got.number || uint8(wire) != got.wire {
				t.Fatalf("field %d (%d), expected %d (%d)", got.number, got.wire, number, wire)
			}
			rest = rest[n:]
			switch got.wire {
			case wireVarint:
				v, _ := protowire.ConsumeVarint(rest)
				if v != got.n {
					t.Fatalf("number %d, expected %d", got.n, v)
				}
			case wireBytes:
				v, _ := protowire.ConsumeBytes(rest)
				if !bytes.Equal(v, got.bytes) {
					t.Fatalf("bytes %x, expected %x", got.bytes, v)
				}
			}
			rest = rest[max(0, protowire.ConsumeFieldValue(number, wire, rest)):]
			return nil
		})
		if err == nil && len(rest) > 0 {
			t.Fatalf("%x was left", rest)
		}
		_, _ = decodeList(b)
		_, _ = decodeContainers(b)
		_, _ = decodeStatus(b)
		_, _, _ = decodeVersion(b)
	})
}
