package cbpf

import (
	"strconv"

	"github.com/cilium/ebpf/asm"
)

// translator writes the function. Jumps go forward only, so that all ways to a
// step are known when it is written.
type translator struct {
	options Options
	steps   []step
	needs   []needs
	order   []uint32

	body asm.Instructions
	// entry is what is known at each step, nil if no way leads there; the two
	// behind the last are accept and reject.
	entry []*state
	// state is what is known where the next instruction goes.
	state state
	// next is the step at which the instructions so far go on; -1 if they
	// end in a jump.
	next int
	// label is set on the next instruction.
	label string

	ids int32
	// slots are places on the stack: of scratch words, and of what else has a
	// number.
	slots []int
	// zeroA, zeroX and zeroes are what some way reads and does not set.
	zeroA, zeroX bool
	zeroes       [scratchWords]bool
}

// What slots hold besides scratch words.
const (
	slotLength = scratchWords + iota
	slotLoad
)

func newTranslator(steps []step, o Options) *translator {
	return &translator{
		options: o, steps: steps, needs: findNeeds(steps), order: findOrder(steps),
		entry: make([]*state, len(steps)+2),
	}
}

func (t *translator) run() {
	t.goOn(target(t.steps, 0))
	for pc := range t.steps {
		if t.entry[pc] == nil || t.steps[pc].kind == end {
			continue
		}
		t.place(pc)
		t.step(pc, &t.steps[pc])
	}
	accept, reject := len(t.steps), len(t.steps)+1
	if t.next == reject {
		t.finish(reject, 0)
		t.finish(accept, 1)
		return
	}
	t.finish(accept, 1)
	t.finish(reject, 0)
}

// finish writes one of the two ends.
func (t *translator) finish(pc int, verdict int32) {
	if t.entry[pc] == nil {
		return
	}
	t.place(pc)
	t.add(asm.Mov.Imm32(asm.R0, verdict), asm.Return())
	t.next = -1
}

// place starts the instructions of a step.
func (t *translator) place(pc int) {
	if t.next >= 0 && t.next != pc {
		t.add(asm.Ja.Label(t.name(t.next)))
	}
	t.label = t.name(pc)
	t.state = *t.entry[pc]
}

func (t *translator) name(pc int) string { return t.options.Label + "_" + strconv.Itoa(pc) }

func (t *translator) add(insns ...asm.Instruction) {
	if t.label != "" && len(insns) > 0 {
		insns[0] = insns[0].WithSymbol(t.label)
		t.label = ""
	}
	t.body = append(t.body, insns...)
}

// arrive notes that a way leads to pc, with what is known now.
func (t *translator) arrive(pc int) {
	if e := t.entry[pc]; e != nil {
		e.meet(&t.state, t.fresh)
		return
	}
	s := t.state
	t.entry[pc] = &s
}

// goOn ends the instructions of a step.
func (t *translator) goOn(pc int) {
	t.arrive(pc)
	t.next = pc
}

// fail is where to jump to if the packet does not match.
func (t *translator) fail() string {
	reject := len(t.steps) + 1
	t.arrive(reject)
	return t.name(reject)
}

func (t *translator) fresh() int32 {
	t.ids++
	return t.ids
}

// slot gives a place on the stack.
func (t *translator) slot(what int) int16 {
	for i, s := range t.slots {
		if s == what {
			return int16(-8 * (i + 1))
		}
	}
	t.slots = append(t.slots, what)
	return int16(-8 * len(t.slots))
}

// prologue puts the arguments in their registers and sets to 0 what is read
// before anything was stored there.
func (t *translator) prologue() asm.Instructions {
	insns := asm.Instructions{asm.Mov.Reg(Base, asm.R1), asm.Mov.Reg32(Length, asm.R2)}
	for _, s := range t.slots {
		at := t.slot(s)
		switch {
		case s == slotLength:
			insns = append(insns, asm.Mov.Reg32(asm.R3, asm.R3), asm.StoreMem(asm.R10, at, asm.R3, asm.DWord))
		case s < scratchWords && t.zeroes[s]:
			insns = append(insns, asm.Mov.Imm32(asm.R0, 0), asm.StoreMem(asm.R10, at, asm.R0, asm.DWord))
		}
	}
	insns = append(insns, t.options.Start...)
	if t.zeroA {
		insns = append(insns, asm.Mov.Imm32(A, 0))
	}
	if t.zeroX {
		insns = append(insns, asm.Mov.Imm32(X, 0))
	}
	return insns
}
