package lab

import (
	"errors"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		o    Options
		want Options
		bad  string // the option that is wrong
	}{
		{want: Options{Flavour: Flannel, Nodes: 2, Pods: 2, Name: "pkl"}},
		{o: Options{Name: "a", Nodes: 5, Pods: 20, Flavour: Calico}, want: Options{Calico, 5, 20, "a"}},
		{o: Options{Name: "abcdefghijk1", Nodes: 16, Pods: 16}, want: Options{Flannel, 16, 16, "abcdefghijk1"}},
		{o: Options{Flavour: "weave"}, bad: "flavour"},
		{o: Options{Flavour: "Flannel"}, bad: "flavour"},
		{o: Options{Nodes: -1}, bad: "nodes"},
		{o: Options{Nodes: 17}, bad: "nodes"},
		{o: Options{Pods: -1}, bad: "pods"},
		{o: Options{Pods: MaxPods + 1}, bad: "pods"},
		{o: Options{Nodes: 16, Pods: 17}, bad: "pods"},
		{o: Options{Name: "abcdefghijklm"}, bad: "name"},
		{o: Options{Name: "1a"}, bad: "name"},
		{o: Options{Name: "A"}, bad: "name"},
		{o: Options{Name: "a-b"}, bad: "name"},
		{o: Options{Name: "../etc"}, bad: "name"},
		{o: Options{Name: "a/b"}, bad: "name"},
		{o: Options{Name: "a\n"}, bad: "name"},
		{o: Options{Name: "ä"}, bad: "name"},
		{o: Options{Name: "."}, bad: "name"},
	} {
		got, err := tc.o.withDefaults()
		wrong := (*OptionError)(nil)
		switch {
		case tc.bad == "" && (err != nil || got != tc.want):
			t.Errorf("%+v: got %+v, %v", tc.o, got, err)
		case tc.bad != "" && (!errors.As(err, &wrong) || wrong.Option != tc.bad || !strings.Contains(err.Error(), tc.bad)):
			t.Errorf("%+v: got %v, want an error on %s", tc.o, err, tc.bad)
		}
		if (tc.o.Check() == nil) != (tc.bad == "") {
			t.Errorf("%+v: Check says %v", tc.o, tc.o.Check())
		}
	}
}
