package action

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/diagnose"
	"github.com/pktrail/pktrail/internal/trail"
)

// judge says of each trail what became of it, and of the run as a whole.
type judge struct {
	session *trail.Session
	trails  []trail.Trail
	// shapes count all packets by the way that they took; trails are only some
	// of them.
	shapes map[string]*alike

	// numbered and answers are the index of the trail with a number and of the
	// first that answers it; probe is that of the probe's first packet, -1 where
	// there is none.
	numbered, answers map[int]int
	probe             int
}

// newJudge brings the trails into order.
func newJudge(s *trail.Session, trails []trail.Trail, shapes map[string]*alike) *judge {
	j := &judge{session: s, trails: trails, shapes: shapes, numbered: map[int]int{}, answers: map[int]int{}, probe: -1}
	slices.SortStableFunc(trails, func(a, b trail.Trail) int { return cmp.Compare(a.Start(), b.Start()) })
	first := func(m map[int]int, number, i int) {
		if _, ok := m[number]; !ok && number != 0 {
			m[number] = i
		}
	}
	for i := range trails {
		t := &trails[i]
		first(j.numbered, t.Number, i)
		first(j.answers, t.AnswerTo, i)
		if j.probe < 0 && s.Conversation != nil && t.Flow == s.Conversation.Flow {
			j.probe = i
		}
	}
	return j
}

func (j *judge) judge(r *TraceResult) {
	verdicts := make([]trail.Verdict, len(j.trails))
	for i := range j.trails {
		t := &j.trails[i]
		verdicts[i] = diagnose.Judge(t, j.context(t))
		r.Trails = append(r.Trails, JudgedTrail{Trail: *t, Verdict: verdicts[i]})
	}
	r.Folds = j.folds(verdicts)
	if len(j.trails) == 0 {
		r.Verdict = diagnose.Judge(nil, j.context(nil))
		return
	}
	r.Verdict = diagnose.Worst(j.decisive(verdicts))
}

// context is what is known beside a trail.
func (j *judge) context(t *trail.Trail) diagnose.Context {
	s := j.session
	c := diagnose.Context{
		Source: j.endpoint(&s.Source), Destination: j.endpoint(&s.Destination),
		Missed: s.Missed, Blind: s.Blind, Over: true, Armed: s.Places, Unwatched: s.Unwatched,
	}
	if t == nil {
		c.Conversation = s.Conversation
		return c
	}
	if j.isAnswer(t) {
		c.Source, c.Destination = c.Destination, c.Source
		c.Destination.Service = false
	} else if s.Conversation != nil && t.Flow == s.Conversation.Flow {
		c.Conversation = s.Conversation
	}
	if i, ok := j.answers[t.Number]; ok {
		c.Answer = &j.trails[i]
	}
	if i, ok := j.numbered[t.AnswerTo]; ok {
		c.Request = &j.trails[i]
	}
	return c
}

// isAnswer reports whether a packet goes from the destination to the source:
// what answers an answer goes there again. Where nothing tells whom it answers,
// its addresses do.
func (j *judge) isAnswer(t *trail.Trail) bool {
	answer := false
	for range len(j.trails) {
		i, ok := j.numbered[t.AnswerTo]
		if !ok {
			break
		}
		answer = !answer
		t = &j.trails[i]
	}
	return answer != j.goesBack(t)
}

// goesBack reports whether the addresses say that a packet is for the source.
func (j *judge) goesBack(t *trail.Trail) bool {
	src, dst := j.session.Source.Addrs, j.session.Destination.Addrs
	return slices.Contains(src, t.Flow.Dst) && !slices.Contains(src, t.Flow.Src) ||
		slices.Contains(dst, t.Flow.Src) && !slices.Contains(dst, t.Flow.Dst)
}

// endpoint is an end in diagnose's words. An address that no namespace here
// has stands for others, or for a machine elsewhere.
func (j *judge) endpoint(e *trail.End) diagnose.Endpoint {
	out := diagnose.Endpoint{Name: e.Label, Addrs: e.Addrs}
	if e.Netns != 0 {
		out.Netns = []uint64{e.Netns}
		return out
	}
	out.Service = len(e.Addrs) > 0 && !slices.ContainsFunc(j.session.Places, func(p trail.Place) bool {
		return slices.ContainsFunc(p.Addrs, func(a netip.Addr) bool { return slices.Contains(e.Addrs, a) })
	})
	return out
}

// decisive are the verdicts that the run's is made of, each over a packet and
// its answer: those of all packets, but of a probe only those of its first one
// and its repetitions. What comes after the answer, such as a reset that ends
// the connection, is none of the question.
func (j *judge) decisive(verdicts []trail.Verdict) []trail.Verdict {
	var out []trail.Verdict
	for i := range j.trails {
		t := &j.trails[i]
		if j.isAnswer(t) {
			continue // Exchange has it
		}
		if j.session.Conversation == nil || j.isProbe(i) {
			v, _ := diagnose.Exchange(t, j.context(t), verdicts[i])
			out = append(out, v)
		}
	}
	switch {
	case j.session.Conversation != nil:
		return settled(out)
	case len(out) == 0:
		return verdicts
	}
	return out
}

// settled leaves out repetitions of a probe that the end of the run caught on
// their way, where others came to an end: what the last one waits for, those
// before have shown.
func settled(all []trail.Verdict) []trail.Verdict {
	var out []trail.Verdict
	for _, v := range all {
		if v.Basis == trail.Observed && v.Outcome != trail.Parked {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// isProbe reports whether a trail is the probe's first packet, or that again.
func (j *judge) isProbe(i int) bool {
	if j.probe < 0 {
		return false
	}
	first := j.trails[j.probe].Number
	return i == j.probe || first != 0 && j.trails[i].Repeats == first
}

// folds groups the packets, without the answers that belong to one of them.
func (j *judge) folds(verdicts []trail.Verdict) []TraceFold {
	var out []TraceFold
	counted := map[string]bool{}
	for _, f := range diagnose.Folds(j.trails, verdicts) {
		t := &j.trails[f.First]
		if shape := diagnose.Shape(t); !counted[shape] && j.shapes[shape] != nil {
			counted[shape] = true
			f.Count += j.shapes[shape].count - j.shapes[shape].kept
		}
		if _, ok := j.numbered[t.AnswerTo]; ok {
			continue
		}
		fold := TraceFold{First: f.First, Count: f.Count, Answer: -1}
		fold.Probe = slices.ContainsFunc(f.Members, j.isProbe)
		if i, ok := j.answers[t.Number]; ok {
			fold.Answer = i
		}
		out = append(out, fold)
	}
	return out
}
