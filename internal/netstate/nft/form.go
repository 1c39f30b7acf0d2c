package nft

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// A rule is written in one of two forms: nft's language, or nft's JSON
// (libnftables-json(5)). What a statement consists of is found out once, by the
// printer; the functions below put its parts together in the form that Names
// asks for. Parts are finished text: in JSON each is a whole value.

// quoted writes a string of JSON as jansson does, which nft uses: bytes that
// are no UTF-8 cannot stand in one and become U+FFFD.
func quoted(s string) string {
	const hexDigits = "0123456789abcdef"
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte(hexDigits[r>>4])
			b.WriteByte(hexDigits[r&15])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Quote writes a string of JSON, as everything here does.
func Quote(s string) string { return quoted(s) }

// object writes a JSON object of names and values; pairs without a value are
// left out.
func object(pairs ...string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteString(", ")
		}
		b.WriteByte('"')
		b.WriteString(pairs[i])
		b.WriteString(`": `)
		b.WriteString(pairs[i+1])
	}
	b.WriteByte('}')
	return b.String()
}

// array writes a JSON array.
func array(values ...string) string { return "[" + strings.Join(values, ", ") + "]" }

// oneOrArray writes a single value as itself.
func oneOrArray(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return array(values...)
}

// quotedAll quotes each.
func quotedAll(words []string) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = quoted(w)
	}
	return all
}

// uintText is a number.
func uintText[T ~uint8 | ~uint16 | ~uint32 | ~uint64](n T) string {
	return strconv.FormatUint(uint64(n), 10)
}

// whenTrue is the JSON of a flag that is left out where it is not set.
func whenTrue(set bool) string {
	if set {
		return "true"
	}
	return ""
}

// opaque writes what is not understood.
func (n Names) opaque(text string) string {
	if n.json {
		return object("raw", quoted(text))
	}
	return text
}

// match writes a comparison. Implied says that the operator is nft's own choice
// and not shown in text.
func (n Names) match(left, op string, implied bool, right string) string {
	if n.json {
		return object("match", object("op", quoted(op), "left", left, "right", right))
	}
	if implied {
		return left + " " + right
	}
	return left + " " + op + " " + right
}

// binary writes an operation on a value.
func (n Names) binary(left, sign, right string) string {
	if n.json {
		return object(sign, array(left, right))
	}
	return left + " " + sign + " " + right
}

// between writes both ends of a range.
func (n Names) between(from, to string) string {
	if n.json {
		return object("range", array(from, to))
	}
	return from + "-" + to
}

// prefix writes a value with the number of bits that count.
func (n Names) prefix(value string, bits int) string {
	if n.json {
		return object("prefix", object("addr", value, "len", strconv.Itoa(bits)))
	}
	return value + "/" + strconv.Itoa(bits)
}

// concat writes several values that are one.
func (n Names) concat(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	if n.json {
		return object("concat", array(parts...))
	}
	return strings.Join(parts, " . ")
}

// setRef writes the name of a set.
func (n Names) setRef(name string) string {
	if n.json {
		return quoted("@" + name)
	}
	return "@" + name
}

// set writes the elements of a set.
func (n Names) set(elements []string) string {
	if n.json {
		return object("set", array(elements...))
	}
	return "{ " + strings.Join(elements, ", ") + " }"
}

// pair writes an element of a map.
func (n Names) pair(key, value string) string {
	if n.json {
		return array(key, value)
	}
	return key + " : " + value
}

// mapped writes a value that a map gives; word is "map" or "vmap".
func (n Names) mapped(word, key, data string) string {
	if n.json {
		return object(word, object("key", key, "data", data))
	}
	return key + " " + word + " " + data
}

// mangle writes the setting of a value.
func (n Names) mangle(left, right string) string {
	if n.json {
		return object("mangle", object("key", left, "value", right))
	}
	return left + " set " + right
}

// flagList writes flags where nft separates them by commas.
func (n Names) flagList(flags []string) string {
	if n.json {
		return oneOrArray(flags)
	}
	return strings.Join(flags, ",")
}

// flagSum writes flags as one value.
func (n Names) flagSum(flags []string) string {
	if !n.json {
		return strings.Join(flags, " | ")
	}
	sum := flags[0]
	for _, f := range flags[1:] {
		sum = object("|", array(sum, f))
	}
	return sum
}

// nameText reads an interface's name or another string. A name without a NUL
// at the end is the beginning of many.
func nameText(v []byte) string {
	s := nlattr.Text(v)
	if len(s) == len(v) && len(v) < ifnameLen {
		s += "*"
	}
	return s
}

// name writes a name that stands in quotation marks.
func (n Names) name(s string) string {
	if n.json {
		return quoted(s)
	}
	return `"` + s + `"`
}

// word writes a name that stands alone.
func (n Names) word(s string) string {
	if n.json {
		return quoted(s)
	}
	return s
}
