package nft

import "strings"

// Listing writes a named set or map as `nft list ruleset` does, with a tab in
// front of each line.
func (s *Set) Listing(n Names) string {
	var b strings.Builder
	b.WriteString("\t" + s.word() + " " + s.Name + " {\n")
	say := func(words ...string) { b.WriteString("\t\t" + strings.Join(words, " ") + "\n") }
	say(s.declaration(n)...)
	if s.Flags&SetConstant == 0 {
		if s.Policy == 1 { // NFT_SET_POL_MEMORY
			say("policy memory")
		}
		if s.Size != 0 {
			say("size", uintText(s.Size))
		}
	}
	if f := s.flagNames("dynamic"); f != nil {
		say("flags", strings.Join(f, ","))
	}
	if exprs := s.exprs(n); exprs != nil {
		say(exprs...)
	}
	if s.User.Comment != "" {
		say(`comment "` + s.User.Comment + `"`)
	}
	if s.Timeout != 0 {
		say("timeout", duration(s.Timeout))
	}
	if s.GC != 0 {
		say("gc-interval", duration(uint64(s.GC)))
	}
	if s.User.AutoMerge {
		say("auto-merge")
	}
	if words, perLine := s.elementTexts(n); len(words) > 0 {
		b.WriteString("\t\telements = { ")
		for i, w := range words {
			switch {
			case i == 0:
			case i%perLine == 0:
				b.WriteString(",\n\t\t\t     ")
			default:
				b.WriteString(", ")
			}
			b.WriteString(w)
		}
		b.WriteString(" }\n")
	}
	b.WriteString("\t}\n")
	return b.String()
}

func (s *Set) word() string {
	if s.Flags&(SetMap|SetObject) != 0 {
		return "map"
	}
	return "set"
}

// declaration is the line that says what the set holds.
func (s *Set) declaration(Names) []string {
	words := []string{"type", strings.Join(typeNames(s.KeyType), " . ")}
	if of := typeof(s.User.KeyTypeof, 0); of != "" {
		words = []string{"typeof", of}
	}
	switch {
	case s.Flags&SetObject != 0:
		words = append(words, ":", objectWord(s.ObjType))
	case s.Flags&SetMap != 0:
		words = append(words, ":")
		if s.User.DataInterval {
			words = append(words, "interval")
		}
		data := strings.Join(typeNames(s.DataType), " . ")
		if of := typeof(s.User.DataTypeof, 0); of != "" && words[0] == "typeof" {
			data = of
		}
		words = append(words, data)
	}
	return words
}

// flagNames are the set's flags; dynamic is how the one is called that nft's
// JSON leaves out, "" for not at all.
func (s *Set) flagNames(dynamic string) []string {
	var names []string
	for _, f := range [...]struct {
		bit  uint32
		name string
	}{{SetConstant, "constant"}, {SetEval, dynamic}, {SetInterval, "interval"}, {SetTimeout, "timeout"}} {
		if s.Flags&f.bit != 0 && f.name != "" {
			names = append(names, f.name)
		}
	}
	return names
}

// exprs are what each element has of its own.
func (s *Set) exprs(n Names) []string {
	var all []string
	p := printer{family: s.Family, names: n}
	for _, e := range s.Exprs {
		all = append(all, p.stateless(e))
	}
	return all
}

// elementTexts are the texts of the elements, and how many stand in a line.
func (s *Set) elementTexts(n Names) ([]string, int) {
	if len(s.Elements) == 0 {
		return nil, 1
	}
	p := printer{family: s.Family, names: n}
	k := typed(s.KeyType, s.KeyLen, s.PartLens, s.User.KeyOrder)
	data := typed(s.DataType, s.DataLen, nil, s.User.DataOrder)
	elements := p.elements(s, k)
	words := make([]string, len(elements))
	for i := range elements {
		e := &elements[i]
		switch {
		case e.Data == nil:
			words[i] = p.element(e, kindHex)
		case s.User.DataInterval:
			half := len(e.Data) / 2
			sel := data.parts[0]
			words[i] = n.pair(n.attributes(&e.Element, e.text), sel.span(big(e.Data[:half], sel.host), big(e.Data[half:], sel.host), n))
		default:
			words[i] = n.pair(n.attributes(&e.Element, e.text), data.write(e.Data, nil, n))
		}
	}
	perLine := 1
	if parts := typeParts(s.KeyType); len(parts) == 1 {
		perLine = dataType(parts[0]).perLine
	}
	return words, perLine
}

// attributes writes an element with what it has besides its key.
func (n Names) attributes(e *Element, text string) string {
	if e.Timeout == 0 && e.Expires == 0 && e.Comment == "" && e.Exprs == nil {
		return text
	}
	if n.json {
		return n.elementJSON(e, text)
	}
	p := printer{names: n}
	for _, x := range e.Exprs {
		text += " " + p.plain(x)
	}
	if e.Timeout != 0 {
		text += " timeout " + duration(e.Timeout)
	}
	if e.Expires != 0 && n.State {
		text += " expires " + duration(e.Expires)
	}
	if e.Comment != "" {
		text += ` comment "` + e.Comment + `"`
	}
	return text
}

func (n Names) elementJSON(e *Element, text string) string {
	pairs := []string{"val", text}
	if e.Timeout != 0 {
		pairs = append(pairs, "timeout", uintText(e.Timeout/1000))
	}
	if e.Expires != 0 {
		pairs = append(pairs, "expires", uintText(e.Expires/1000))
	}
	if e.Comment != "" {
		pairs = append(pairs, "comment", quoted(e.Comment))
	}
	text = object(pairs...)
	p := printer{names: n}
	for _, x := range e.Exprs { // each is an object of one pair, which joins the element's
		text = text[:len(text)-1] + ", " + p.plain(x)[1:]
	}
	return object("elem", text)
}

// JSON writes the set as `nft -j list ruleset` does.
func (s *Set) JSON(n Names) string {
	n.json = true
	pairs := []string{
		"family", quoted(s.Family.String()), "name", quoted(s.Name), "table", quoted(s.Table),
		"type", oneOrArray(quotedAll(typeNames(s.KeyType))), "handle", uintText(s.Handle),
	}
	switch {
	case s.Flags&SetObject != 0:
		pairs = append(pairs, "map", quoted(objectWord(s.ObjType)))
	case s.Flags&SetMap != 0:
		pairs = append(pairs, "map", quoted(strings.Join(typeNames(s.DataType), " . ")))
	}
	if s.User.Comment != "" {
		pairs = append(pairs, "comment", quoted(s.User.Comment))
	}
	if s.Flags&SetConstant == 0 {
		if s.Policy == 1 {
			pairs = append(pairs, "policy", `"memory"`)
		}
		if s.Size != 0 {
			pairs = append(pairs, "size", uintText(s.Size))
		}
	}
	if f := s.flagNames(""); f != nil {
		pairs = append(pairs, "flags", array(quotedAll(f)...))
	}
	if s.Timeout != 0 {
		pairs = append(pairs, "timeout", uintText(s.Timeout/1000))
	}
	if s.GC != 0 {
		pairs = append(pairs, "gc-interval", uintText(s.GC/1000))
	}
	if words, _ := s.elementTexts(n); len(words) > 0 {
		pairs = append(pairs, "elem", array(words...))
	}
	if exprs := s.exprs(n); exprs != nil {
		pairs = append(pairs, "stmt", array(exprs...))
	}
	return object(s.word(), object(pairs...))
}
