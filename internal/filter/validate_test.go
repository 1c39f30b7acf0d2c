package filter

import "fmt"

// validate checks what the kernel's bpf_check_classic checks, and that all
// instructions can be reached.
func validate(p Program) error {
	if len(p) == 0 || len(p) > MaxInstructions {
		return fmt.Errorf("%d instructions", len(p))
	}
	// For each instruction the scratch words that are set on every way to it.
	set := make([]uint16, len(p))
	reached := make([]bool, len(p))
	reached[0] = true
	for n, i := range p {
		if !reached[n] {
			return fmt.Errorf("instruction %d cannot be reached", n)
		}
		have := set[n]
		class, isMem := i.Op&7, i.Op&0xe0 == modeMEM
		switch {
		case (class == codeST || class == codeSTX || (class == codeLD || class == codeLDX) && isMem) && i.K >= scratchWords:
			return fmt.Errorf("instruction %d uses scratch word %d", n, i.K)
		case class == codeST || class == codeSTX:
			have |= 1 << i.K
		case (class == codeLD || class == codeLDX) && isMem && have&(1<<i.K) == 0:
			return fmt.Errorf("instruction %d reads scratch word %d, which may not be set", n, i.K)
		case class == codeALU && i.Op&sourceX == 0 && i.K == 0 && (i.Op&0xf0 == aluDIV || i.Op&0xf0 == aluMOD):
			return fmt.Errorf("instruction %d divides by zero", n)
		case class == codeALU && i.Op&sourceX == 0 && i.K > 31 && (i.Op&0xf0 == aluLSH || i.Op&0xf0 == aluRSH):
			return fmt.Errorf("instruction %d shifts by %d", n, i.K)
		}
		var to []int
		switch {
		case class == codeRET:
		case i.Op == codeJMP|jmpJA:
			to = []int{n + 1 + int(i.K)}
		case class == codeJMP:
			to = []int{n + 1 + int(i.Jt), n + 1 + int(i.Jf)}
		default:
			to = []int{n + 1}
		}
		for _, m := range to {
			if m >= len(p) {
				return fmt.Errorf("instruction %d leaves the program", n)
			}
			if !reached[m] {
				reached[m], set[m] = true, have
			}
			set[m] &= have
		}
	}
	return nil
}
