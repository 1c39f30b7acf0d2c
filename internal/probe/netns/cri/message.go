package cri

import (
	"maps"
	"slices"
)

// Numbers of fields and values are those of runtime.v1 in k8s.io/cri-api,
// pkg/apis/runtime/v1/api.proto.

// Sandbox is a pod as the runtime knows it.
type Sandbox struct {
	// ID is the runtime's own: 64 hexadecimal digits as a rule.
	ID string
	// Namespace, Name and UID are the pod's in Kubernetes.
	Namespace, Name, UID string
	// Created is when the sandbox was made, in nanoseconds since 1970.
	Created int64
}

// Container is a container as the runtime knows it.
type Container struct {
	// ID is the runtime's own, Sandbox that of its pod.
	ID, Sandbox string
	// Name is that in the pod's spec, Image as somebody wrote it there, or an
	// id.
	Name, Image string
}

// Status says more of one sandbox.
type Status struct {
	// HostNetwork is true for a pod in the node's own network namespace.
	HostNetwork bool
	// Info is what the runtime says for debugging, as it likes.
	Info map[string]string
}

func decodeVersion(message []byte) (name, version string, err error) {
	err = fields(message, func(f field) error {
		switch {
		case f.is(2, wireBytes): // runtime_name
			name = string(f.bytes)
		case f.is(3, wireBytes): // runtime_version
			version = string(f.bytes)
		}
		return nil
	})
	return name, version, err
}

// encodeList asks for the sandboxes that are ready and have all the labels.
func encodeList(labels map[string]string) []byte {
	// PodSandboxStateValue{state: SANDBOX_READY}, which is 0 and so empty.
	filter := appendBytes(nil, 2, "")
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		filter = appendBytes(filter, 3, appendBytes(appendBytes(nil, 1, name), 2, labels[name]))
	}
	return appendBytes(nil, 1, filter)
}

func decodeList(message []byte) ([]Sandbox, error) {
	var list []Sandbox
	err := fields(message, func(f field) error {
		if !f.is(1, wireBytes) { // items
			return nil
		}
		s, err := decodeSandbox(f.bytes)
		list = append(list, s)
		return err
	})
	return list, err
}

func decodeSandbox(message []byte) (s Sandbox, err error) {
	err = fields(message, func(f field) error {
		switch {
		case f.is(1, wireBytes): // id
			s.ID = string(f.bytes)
		case f.is(2, wireBytes):
			return s.decodeMetadata(f.bytes)
		case f.is(4, wireVarint): // created_at
			s.Created = int64(f.n)
		}
		return nil
	})
	return s, err
}

func (s *Sandbox) decodeMetadata(message []byte) error {
	return fields(message, func(f field) error {
		switch {
		case f.is(1, wireBytes): // name
			s.Name = string(f.bytes)
		case f.is(2, wireBytes): // uid
			s.UID = string(f.bytes)
		case f.is(3, wireBytes): // namespace
			s.Namespace = string(f.bytes)
		}
		return nil
	})
}

// encodeContainers asks for the containers that run.
func encodeContainers() []byte {
	const running = 1 // of enum ContainerState
	return appendBytes(nil, 1, appendBytes(nil, 2, appendNumber(nil, 1, running)))
}

func decodeContainers(message []byte) ([]Container, error) {
	var list []Container
	err := fields(message, func(f field) error {
		if !f.is(1, wireBytes) { // containers
			return nil
		}
		c, err := decodeContainer(f.bytes)
		list = append(list, c)
		return err
	})
	return list, err
}

func decodeContainer(message []byte) (c Container, err error) {
	// first takes field 1 of a message within.
	first := func(message []byte, to *string) error {
		return fields(message, func(f field) error {
			if f.is(1, wireBytes) {
				*to = string(f.bytes)
			}
			return nil
		})
	}
	err = fields(message, func(f field) error {
		switch {
		case f.is(1, wireBytes): // id
			c.ID = string(f.bytes)
		case f.is(2, wireBytes): // pod_sandbox_id
			c.Sandbox = string(f.bytes)
		case f.is(3, wireBytes): // metadata
			return first(f.bytes, &c.Name)
		case f.is(4, wireBytes): // image
			return first(f.bytes, &c.Image)
		}
		return nil
	})
	return c, err
}

func encodeStatus(id string) []byte {
	return appendNumber(appendBytes(nil, 1, id), 2, 1) // verbose: true
}

func decodeStatus(message []byte) (Status, error) {
	st := Status{Info: map[string]string{}}
	err := fields(message, func(f field) error {
		switch {
		case f.is(1, wireBytes):
			// status.linux.namespaces.options
			return inside(f.bytes, []uint64{6, 1, 2}, func(f field) error {
				if f.is(1, wireVarint) { // network, of enum NamespaceMode
					const node = 2
					st.HostNetwork = f.n == node
				}
				return nil
			})
		case f.is(2, wireBytes): // info
			key, value, err := entry(f.bytes)
			st.Info[key] = value
			return err
		}
		return nil
	})
	return st, err
}
