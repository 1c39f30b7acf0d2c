package kernlog

import (
	"strings"
	"time"
)

// stamp is when a line says that it was written.
type stamp struct {
	// wall is valid iff hasWall. fine: it has fractions of a second. yearless:
	// its year is 0.
	wall                    time.Time
	hasWall, fine, yearless bool
	// mono is nanoseconds since boot, step those since the line before.
	mono, step       int64
	hasMono, hasStep bool
}

// bracket reads what stands between the brackets that begin a line; false if
// that is no stamp.
func (t *stamp) bracket(s string, zone *time.Location) bool {
	s = strings.TrimLeft(s, " ")
	if s == "" {
		return false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9':
		s, _, _ = strings.Cut(s, " <") // dmesg -d: the time since the line before
		n, ok := seconds(strings.TrimRight(s, " "))
		if ok {
			t.mono, t.hasMono = n, true
		}
		return ok
	case c == '+':
		n, ok := seconds(s[1:])
		if ok {
			t.step, t.hasStep = n, true
		}
		return ok
	case (c == 'T' || c == 'C') && digits(s[1:]) == len(s)-1 && len(s) > 1:
		return true // CONFIG_PRINTK_CALLER
	}
	if at, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", s, zone); err == nil { // dmesg -T
		t.wall, t.hasWall = at, true
		return true
	}
	if len(s) >= 11 { // dmesg -H: "May 8 15:51", "May18 15:51"
		if at, err := time.ParseInLocation("Jan _2 15:04", s[:3]+" "+strings.TrimLeft(s[3:], " "), zone); err == nil {
			t.wall, t.hasWall, t.yearless = at, true, true
			return true
		}
	}
	return false
}

// seconds reads "1006.077826" into nanoseconds.
func seconds(s string) (int64, bool) {
	whole := digits(s)
	if whole == 0 || whole > 10 || whole+1 >= len(s) || s[whole] != '.' {
		return 0, false
	}
	frac := s[whole+1:]
	if n := digits(frac); n != len(frac) || n > 9 {
		return 0, false
	}
	n := int64(0)
	for i := range whole {
		n = n*10 + int64(s[i]-'0')
	}
	for i := range 9 {
		n *= 10
		if i < len(frac) {
			n += int64(frac[i] - '0')
		}
	}
	return n, true
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// cut reads the time that begins a line of syslog or journalctl. It returns
// what stands behind, and true for the dress of dmesg --time-format, which has
// no host.
func (t *stamp) cut(s string, zone *time.Location) (rest string, bare, ok bool) {
	if len(s) < 12 {
		return "", false, false
	}
	c := s[0]
	if c < '0' || c > '9' {
		rest, ok = t.cutWords(s, zone)
		return rest, false, ok
	}
	word, rest, found := strings.Cut(s, " ")
	if !found {
		return "", false, false
	}
	if n := digits(word); n >= 9 && n <= 10 { // journalctl -o short-unix
		if ns, ok := seconds(word); ok {
			t.wall, t.hasWall, t.fine = time.Unix(0, ns), true, true
			return rest, false, true
		}
	}
	if len(word) < 19 || word[4] != '-' || word[10] != 'T' {
		return "", false, false
	}
	bare = word[19:] != "" && word[19] == ','
	return rest, bare, t.iso(strings.Replace(word, ",", ".", 1), zone)
}

// iso reads "2014-05-08T15:51:07.123456+02:00" and its shorter forms.
func (t *stamp) iso(s string, zone *time.Location) bool {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			t.wall, t.hasWall, t.fine = at, true, len(s) > 19 && s[19] == '.'
			return true
		}
	}
	return false
}

// cutWords reads "May  8 15:51:07" with or without fractions, "Thu 2014-05-08
// 15:51:07 UTC" and "Thu May  8 15:51:07 2014".
func (t *stamp) cutWords(s string, zone *time.Location) (string, bool) {
	if s[3] != ' ' {
		return "", false
	}
	if at, err := time.ParseInLocation(time.Stamp, s[:min(15, len(s))], zone); err == nil {
		end := 15
		if end < len(s) && s[end] == '.' {
			n := digits(s[16:])
			at, err = time.ParseInLocation("Jan _2 15:04:05.999999999", s[:16+n], zone)
			end, t.fine = 16+n, true
		}
		if err != nil || end >= len(s) || s[end] != ' ' {
			return "", false
		}
		t.wall, t.hasWall, t.yearless = at, true, true
		return s[end+1:], true
	}
	if len(s) > 25 && s[24] == ' ' {
		if at, err := time.ParseInLocation(time.ANSIC, s[:24], zone); err == nil {
			t.wall, t.hasWall = at, true
			return s[25:], true
		}
	}
	return t.cutFull(s, zone)
}

// cutFull reads the time of journalctl -o short-full.
func (t *stamp) cutFull(s string, zone *time.Location) (string, bool) {
	if len(s) < 24 || s[8] != '-' || s[14] != ' ' {
		return "", false
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", s[4:23], zone)
	if err != nil {
		return "", false
	}
	rest := strings.TrimPrefix(s[23:], " ")
	name, after, ok := strings.Cut(rest, " ")
	if !ok {
		return "", false
	}
	if name == "UTC" || name == "GMT" {
		at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	}
	t.wall, t.hasWall = at, true
	return after, true
}
