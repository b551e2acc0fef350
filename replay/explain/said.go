package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/talk"
)

// A Said is what a client says in a conversation that is replayed, and is not recorded
// there.
type Said struct {
	Number    int                 // of the message, from 0
	Yours     *talk.Message       // what the client says
	Recorded  *talk.Message       // what is recorded there; nil: nothing more is
	Recording *fixtures.Recording // that the conversation has followed
}

// saidOtherwise is for a conversation that goes on otherwise than its recording.
func (x *explainer) saidOtherwise() error {
	said := x.Said
	begins := fmt.Sprintf("%s goes on otherwise than its recording", x.name())
	name := fmt.Sprintf("messages[%d]", said.Number)
	switch {
	case said.Yours == nil:
		return x.tooLittle(fmt.Sprintf("%s: %s is missing, your client has no more to say.", begins, name))
	case said.Recorded == nil && said.Recording.Response.Open:
		return x.tooMuch(fmt.Sprintf("%s: %s comes after its last message, when recording ended.", begins, name))
	case said.Recorded == nil || said.Recorded.Kind == talk.Close:
		return x.tooMuch(fmt.Sprintf("%s: %s is one too many.", begins, name))
	}
	asked, recorded := x.message(said.Yours), x.message(said.Recorded)
	maskedAsked, maskedRecorded := x.mask.mask(asked), x.mask.mask(recorded)
	differences := contentDifferences(x.mask, x.Rules, maskedAsked, maskedRecorded)
	if said.Yours.Kind != said.Recorded.Kind {
		differences = compareValues("kind", kindName(said.Yours), kindName(said.Recorded))
	}
	lines := []string{fmt.Sprintf("%s: %s differs in %s.", begins, name, places(differences)), ""}
	lines = append(lines, diffLines(differences)...)
	rule := x.messageRule(asked, recorded)
	fixes := []fix{x.conversation("If your message is right, record the conversation anew:")}
	switch {
	case rule == nil:
	case areVolatile(differences), rule.Ignore == nil && areWords(differences):
		fixes = append(x.leaveOut("If it changes with every run", rule, x.Rules), fixes...)
	default:
		fixes = append(fixes, x.leaveOut("If the difference means nothing", rule, x.Rules)...)
	}
	e := x.miss("message", "a message differs from its recording", lines, fixes...)
	e.Nearest, e.Fixture, e.Rule = x.mask.mask(&said.Recording.Request), said.Recording.Name, rule
	e.Key, e.Differences = x.Rules.Key(&said.Recording.Request), sidesOf(differences)
	for _, d := range differences {
		e.Reason += "\n" + d.at
	}
	return e
}

func (x *explainer) tooMuch(line string) error {
	return x.oneSided("a message is not recorded", line, "  + ", x.Said.Yours)
}

// tooLittle is for a client that has no more to say where more is recorded.
func (x *explainer) tooLittle(line string) error {
	return x.oneSided("a message is missing", line, "  - ", x.Said.Recorded)
}

// oneSided shows a message that the other side has none for.
func (x *explainer) oneSided(reason, line, mark string, m *talk.Message) error {
	shown := x.mask.mask(x.message(m))
	lines := []string{line, "", mark + clip([]rune(printable(string(shown.Body))), 0, maxTarget)}
	e := x.miss("message", reason, lines, x.conversation("To record the conversation anew:"))
	e.Nearest, e.Fixture = x.mask.mask(&x.Said.Recording.Request), x.Said.Recording.Name
	e.Key = x.Rules.Key(&x.Said.Recording.Request)
	return e
}

// conversation is the fix that records a conversation anew: as long as there is a
// recording, that one is replayed.
func (x *explainer) conversation(when string) fix {
	return fix{when: when, command: x.recordAnew()}
}

// message returns a message as a request that it could be the content of.
func (x *explainer) message(m *talk.Message) *fixtures.Request {
	kind := "text/plain"
	switch {
	case json.Valid(m.Data):
		kind = "application/json"
	case m.Kind == talk.Binary:
		kind = "application/octet-stream"
	}
	return &fixtures.Request{
		Session: x.Request.Session, Origin: x.Request.Origin, Method: x.Request.Method, Target: x.Request.Target,
		Header: map[string][]string{"Content-Type": {kind}}, Body: m.Data,
	}
}

func kindName(m *talk.Message) string {
	if m.Kind == talk.Text {
		return "text"
	}
	return "binary"
}

// messageRule returns the rule under which the message would be the recorded one, nil
// when there is none that can be written down.
func (x *explainer) messageRule(asked, recorded *fixtures.Request) *Rule {
	n := namer{rules: x.Rules, asked: asked, recorded: recorded, most: maxTaken}
	parts := n.parts(x.Said.Recording)
	if len(parts) == 0 || len(parts) > maxParts || slices.ContainsFunc(parts, isUnprintable) {
		return nil
	}
	rule := ruleOf(parts, x.answersRepeat)
	rules, err := rule.added(x.Rules)
	if err != nil || !rules.SameMessage(x.Said.Recorded, x.Said.Yours) {
		return nil
	}
	return rule
}

// answersRepeat reports whether the server has said what the client has at a part.
func (x *explainer) answersRepeat(part string) bool {
	rules, err := fixtures.Rules{Echo: []string{part}}.Normalize()
	if err != nil {
		return false
	}
	known := map[string]string{}
	rules.NoteEchoes(known, x.Said.Recorded.Data, x.Said.Yours.Data)
	n := 0
	for m, err := range x.Said.Recording.Messages() {
		if n++; err != nil || n > maxJoined+x.Said.Number {
			return false
		}
		if m.From == talk.Server && n > x.Said.Number && !bytes.Equal(rules.EchoedMessage(known, m.Data), m.Data) {
			return true
		}
	}
	return false
}
