package jsonline

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestNext(t *testing.T) {
	o := Open([]byte(` {"a" : "x\"\\" , "b\n":{"c":[1,{"d":"}"}]},"e":-1.5e3 , "f":null,"g":true} rest`))
	want := [][2]string{{"a", `"x\"\\"`}, {`b\n`, `{"c":[1,{"d":"}"}]}`}, {"e", "-1.5e3"}, {"f", "null"}, {"g", "true"}}
	for _, w := range want {
		if k, v, ok := o.Next(); !ok || string(k) != w[0] || string(v) != w[1] {
			t.Errorf("%s: %s, %v; want %s", k, v, ok, w)
		}
	}
	if k, v, ok := o.Next(); ok || o.Err() != nil {
		t.Errorf("%s: %s, %v", k, v, o.Err())
	}
}

func TestBroken(t *testing.T) {
	for _, s := range []string{"", "x", "[1]", "{", `{"a`, `{"a"`, `{"a":`, `{"a":"x`, `{"a":{"b":1}`, `{"a":1`, `{"a":1,`, `{"a":1 "b":2}`, `{a:1}`, `{"a":}`, `{"a":[1,"]}`} {
		o := Open([]byte(s))
		for {
			if _, _, ok := o.Next(); !ok {
				break
			}
		}
		if o.Err() == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestValues(t *testing.T) {
	if s := Text([]byte(`"a\u003cb\t"`)); string(s) != "a<b\t" {
		t.Errorf("%q", s)
	}
	if Text([]byte("12")) != nil || Text([]byte(`"\x"`)) != nil {
		t.Error("text of no string")
	}
	for s, want := range map[string]uint64{"12": 12, `"12"`: 12, "-1": 0, "1.5": 0, "": 0, `"`: 0, "18446744073709551615": 1<<64 - 1, "99999999999999999999": 0, `""`: 0} {
		if n := Uint([]byte(s)); n != want {
			t.Errorf("%s is %d", s, n)
		}
	}
	var all []string
	Elements([]byte(` [1, "a,]" ,{"b":[2]}]`), func(v []byte) bool { all = append(all, string(v)); return true })
	if len(all) != 3 || all[1] != `"a,]"` || all[2] != `{"b":[2]}` {
		t.Errorf("%q", all)
	}
	for _, s := range []string{"", "{}", "[", "[]", "[1 2]", `["`} {
		Elements([]byte(s), func(v []byte) bool {
			if s != "[1 2]" {
				t.Errorf("%s: %s", s, v)
			}
			return true
		})
	}
}

// What encoding/json takes for an object has the same members here.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{"a":"x\"\\","b":{"c":[1,{"d":"}"}]},"e":-1.5e3,"f":null}`, `{}`, `{"a":1`, `[{"a":[]}]`, `{"\"":"\\"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var names []string
		members := map[string][]byte{}
		o := Open(b)
		for {
			k, v, ok := o.Next()
			if !ok {
				break
			}
			if len(v) == 0 {
				t.Fatal("an empty value")
			}
			var name string
			if json.Unmarshal([]byte(`"`+string(k)+`"`), &name) == nil {
				names = append(names, name)
				members[name] = v
			}
			Text(v)
			Uint(v)
			Elements(v, func([]byte) bool { return true })
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(b, &want) != nil || want == nil {
			return
		}
		if o.Err() != nil || len(members) != len(want) {
			t.Fatalf("%q: %v, %q", b, o.Err(), names)
		}
		for name, v := range want {
			if !bytes.Equal(bytes.TrimSpace(v), members[name]) {
				t.Fatalf("%q is %q, want %q", name, members[name], v)
			}
		}
	})
}
