package filter

import (
	"errors"
	"testing"
	"unicode/utf8"
)

// FuzzCompile checks that any text either compiles to programs that a kernel
// takes, in every mode, or gets an error that points into it.
func FuzzCompile(f *testing.F) {
	for _, expr := range corpus(f) {
		f.Add(expr)
	}
	modes := []Options{{}, {Link: LinuxSLL2}, {Link: Raw}, {Live: true}, {Link: AnyDevice, Inner: true}}
	f.Fuzz(func(t *testing.T, expr string) {
		e, err := Parse(expr)
		if err != nil {
			checkError(t, expr, err)
			return
		}
		for _, o := range modes {
			program, err := e.Compile(o)
			if err != nil {
				checkError(t, expr, err)
				continue
			}
			if err := validate(program); err != nil {
				t.Errorf("%+v %q: %v\n%s", o, expr, err, program.Dump())
			}
			program.Match(&Packet{Data: []byte(expr)})
		}
	})
}

func checkError(t *testing.T, expr string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %v is no *Error", expr, err)
	}
	if e.Column < 1 || e.Column > utf8.RuneCountInString(expr)+1 || e.Msg == "" {
		t.Fatalf("%q: %+v", expr, e)
	}
	_ = e.Caret()
}
