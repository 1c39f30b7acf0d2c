package lab

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// mark is what a lab writes into each of its namespaces, as the alias of the
// loopback device. The kernel keeps up to 255 bytes there (linux/if.h,
// IFALIASZ).
type mark struct {
	// Lab is the lab's name; that of the namespace begins with it.
	Lab string `json:"pktrailLab"`
	// Version of this structure.
	Version int     `json:"v"`
	Flavour Flavour `json:"flavour"`
	Nodes   int     `json:"nodes"`
	Pods    int     `json:"pods"`
	IPv6    bool    `json:"ipv6,omitempty"`
	// Ready is set in the outside host's namespace when all is built.
	Ready bool `json:"ready,omitempty"`
}

const markVersion = 1

func newMark(o Options, ipv6 bool) mark {
	return mark{Lab: o.Name, Version: markVersion, Flavour: o.Flavour, Nodes: o.Nodes, Pods: o.Pods, IPv6: ipv6}
}

func (m mark) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, numbers and bools only
	}
	return string(b)
}

func (m mark) options() Options {
	return Options{Name: m.Lab, Flavour: m.Flavour, Nodes: m.Nodes, Pods: m.Pods}
}

// parseMark reads an alias. Anybody may have written it: only options that
// make a lab are accepted.
func parseMark(alias string) (mark, error) {
	var m mark
	if err := json.Unmarshal([]byte(alias), &m); err != nil {
		return mark{}, fmt.Errorf("parse mark: %w", err)
	}
	if m.Version != markVersion {
		return mark{}, fmt.Errorf("parse mark: version %d is not %d", m.Version, markVersion)
	}
	o, err := m.options().withDefaults()
	if err != nil {
		return mark{}, fmt.Errorf("parse mark: %w", err)
	}
	if o != m.options() {
		return mark{}, fmt.Errorf("parse mark: %q leaves something out", alias)
	}
	return m, nil
}

// namespacePattern matches the names that a lab gives to namespaces.
var namespacePattern = regexp.MustCompile(`^([a-z][a-z0-9]{0,11})-(?:outside|node[0-9]{1,3}(?:-pod[0-9]{1,3})?)$`)

// labOf returns the name of the lab that a namespace of this name would be of.
func labOf(namespace string) (string, bool) {
	m := namespacePattern.FindStringSubmatch(namespace)
	if m == nil {
		return "", false
	}
	return m[1], true
}
