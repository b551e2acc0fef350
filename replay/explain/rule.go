package explain

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A Rule is what is to be added to the rules to make a miss a hit.
type Rule struct {
	Ignore []string `json:"ignore,omitempty"`
	Echo   []string `json:"echo,omitempty"` // parts that the recorded answer repeats

	// Joins is how many recordings with answers that differ would be takes of one
	// request under the rule. 0: none.
	Joins int `json:"joins,omitempty"`
}

// added returns rules with the rule among them.
func (r *Rule) added(rules *fixtures.Rules) (fixtures.Rules, error) {
	out := *rules
	out.Ignore = slices.Concat(rules.Ignore, r.Ignore)
	out.Echo = slices.Concat(rules.Echo, r.Echo)
	return out.Normalize()
}

// without returns the rule less one part.
func (r *Rule) without(part string) *Rule {
	isPart := func(text string) bool { return text == part }
	return &Rule{
		Ignore: slices.DeleteFunc(slices.Clone(r.Ignore), isPart),
		Echo:   slices.DeleteFunc(slices.Clone(r.Echo), isPart),
	}
}

// maxNamed bounds content, in bytes, that is taken apart unmasked, for the names in it.
const maxNamed = 1 << 20

// isUnprintable reports whether a part cannot be shown, or written down: it has in it what
// looks like a secret, or is no text.
func isUnprintable(part string) bool {
	return !utf8.ValidString(part) || secret.CleanText(part) != part
}

// maxParts is how many parts a rule has. Requests that differ in more are not one
// request that changes.
const maxParts = 16

// rule returns the rule under which the nearest recording answers the request, nil
// when there is none that can be written down. It has been tried.
func (x *explainer) rule(ctx context.Context, near *neighbour, all Contents) (*Rule, error) {
	asked := *x.Request
	asked.Session, asked.Method = near.line.Session, near.line.Method
	masked := *x.masked
	masked.Session, masked.Method = asked.Session, asked.Method
	recorded := x.mask.mask(&near.rec.Request)
	trial := &trial{rules: all.Rules, rec: near.rec, asked: &asked}
	if HoldsPlaceholder(&near.rec.Request) && x.Cause != SeveralSecrets {
		trial.masked, trial.recorded = &masked, recorded
	}
	// What is secret has no place in an expression. If that alone differs, its name is
	// all that is needed.
	for _, n := range []*namer{
		{rules: all.Rules, asked: &masked, recorded: recorded, most: maxTaken, patterns: true},
		{rules: all.Rules, asked: &masked, recorded: recorded, most: maxTaken},
		{rules: all.Rules, asked: &asked, recorded: &near.rec.Request, most: maxNamed},
	} {
		parts := n.parts(near.rec)
		if len(parts) == 0 || len(parts) > maxParts || slices.ContainsFunc(parts, isUnprintable) {
			continue
		}
		rule := trial.rule(parts)
		if rule == nil {
			continue
		}
		ok, err := x.join(ctx, rule, trial, all)
		if ok || err != nil {
			return rule, err
		}
	}
	return nil, nil
}

// A trial finds out whether a recording would answer a request under other rules.
type trial struct {
	rules *fixtures.Rules
	rec   *fixtures.Recording
	asked *fixtures.Request

	// masked and recorded are the two requests without secrets, for a recording that
	// has placeholders. Nil for others.
	masked, recorded *fixtures.Request
}

// rule makes a rule of parts, of those that are needed. It is nil when they do not
// suffice.
func (t *trial) rule(parts []string) *Rule {
	rule := ruleOf(parts, t.repeats)
	if !t.hits(rule) {
		return nil
	}
	for _, part := range parts {
		if less := rule.without(part); t.hits(less) {
			rule = less
		}
	}
	if len(rule.Ignore)+len(rule.Echo) == 0 {
		return nil // it is no rule that is missing
	}
	return rule
}

// ruleOf makes a rule of parts: those that answers repeat are echoed, and others do not
// matter.
func ruleOf(parts []string, repeats func(part string) bool) *Rule {
	rule := &Rule{}
	for _, part := range parts {
		if repeats(part) {
			rule.Echo = append(rule.Echo, part)
		} else {
			rule.Ignore = append(rule.Ignore, part)
		}
	}
	return rule
}

// hits reports whether the recording would be looked at, and would do.
func (t *trial) hits(rule *Rule) bool {
	rules, err := rule.added(t.rules)
	if err != nil {
		return false
	}
	same := rules.Key(t.asked) == rules.Key(&t.rec.Request) || t.masked != nil && rules.Key(t.masked) == rules.Key(t.recorded)
	return same && fixtures.Takes{Recordings: []*fixtures.Recording{t.rec}}.Offline(&rules, t.asked).Recordings != nil
}

// repeats reports whether the recorded answer has the value that the recorded request
// has at a part.
func (t *trial) repeats(part string) bool {
	rules, err := fixtures.Rules{Echo: []string{part}}.Normalize()
	if err != nil {
		return false
	}
	echoed := &rules.Echoed(t.rec, t.asked).Response
	return !sameAnswer(echoed, &t.rec.Response) || !maps.EqualFunc(echoed.Header, t.rec.Response.Header, slices.Equal)
}

// whoever returns the rule under which it does not matter who has asked for the takes of
// a key, nil when it does not help.
func (t *trial) whoever(recs []*fixtures.Recording) *Rule {
	rule := &Rule{Ignore: []string{"credentials"}}
	rules, err := rule.added(t.rules)
	if err != nil || (fixtures.Takes{Recordings: recs}).Offline(&rules, t.asked).Recordings == nil {
		return nil
	}
	if t.answersDiffer(&rules, recs) {
		rule.Joins = len(recs)
	}
	return rule
}

// maxJoined bounds how many recordings are read to tell what a rule would join.
const maxJoined = 300

// join reports whether the request is answered when the rule has changed the keys of
// all that is recorded, and fills in what it joins.
func (x *explainer) join(ctx context.Context, rule *Rule, t *trial, all Contents) (ok bool, err error) {
	rules, err := rule.added(t.rules)
	if err != nil {
		return false, err
	}
	key, method := rules.Key(&t.rec.Request), t.rec.Request.Method
	var group []*fixtures.Recording
	lines, read := 0, 0
	path, anyPath := t.rec.Request.Path(), len(rules.Uncounted().Regexps) > 0
	for i := range all.Lines {
		l := &all.Lines[i]
		if l.Method != method || l.Session != t.rec.Request.Session || l.Origin != t.rec.Request.Origin || !anyPath && l.Target[:l.path] != path || rules.Resource(l.Session, l.Origin, l.Target) != key.Resource() {
			continue
		}
		if read++; read > maxJoined {
			break
		}
		recs, err := Usable(x.From.Takes(ctx, l))
		if err != nil {
			return false, err
		}
		if recs == nil || rules.Key(&recs[0].Request) != key {
			continue
		}
		group = append(group, recs...)
		lines++
	}
	if (fixtures.Takes{Recordings: group}).Offline(&rules, t.asked).Recordings == nil {
		return false, nil
	}
	if lines > 1 && t.answersDiffer(&rules, group) {
		rule.Joins = len(group)
	}
	return true, nil
}

// answersDiffer reports whether recordings answer the request in more than one way.
func (t *trial) answersDiffer(rules *fixtures.Rules, group []*fixtures.Recording) bool {
	first := rules.Echoed(group[0], t.asked)
	return slices.ContainsFunc(group[1:], func(rec *fixtures.Recording) bool {
		return !sameAnswer(&rules.Echoed(rec, t.asked).Response, &first.Response)
	})
}

// maxCompared bounds the content of answers, in bytes, that is compared. Of larger
// content the length tells.
const maxCompared = 1 << 20

// sameAnswer reports whether two answers say the same to a client.
func sameAnswer(a, b *fixtures.Response) bool {
	if a.Status != b.Status || a.Body.Size() != b.Body.Size() {
		return false
	}
	for _, name := range []string{"Location", "Content-Type"} {
		if !slices.Equal(a.Header[name], b.Header[name]) {
			return false
		}
	}
	return a.Body.Size() > maxCompared || bytes.Equal(content(a), content(b))
}

// content returns an answer's content, nil when it cannot be read.
func content(res *fixtures.Response) []byte {
	if res.Body.Source == nil {
		return res.Body.Bytes
	}
	r, err := res.Body.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return all
}
