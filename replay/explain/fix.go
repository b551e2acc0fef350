package explain

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
)

// record is the command that records what is missing.
func (x *explainer) record() string {
	if x.Hints.Record != "" {
		return x.Hints.Record
	}
	if x.asksWithPlaceholder() {
		return x.recordAnew() // the origin knows no placeholder: who logs in is to get a token of its own
	}
	return x.command(x.recorder(), "--origin", x.origin())
}

// asksWithPlaceholder reports whether the request's credentials are what fixtures have
// in place of a secret.
func (x *explainer) asksWithPlaceholder() bool {
	for name, values := range x.Request.Header {
		if fixtures.IsCredential(name) && placeholder.Numbered.MatchString(strings.Join(values, " ")) {
			return true
		}
	}
	return false
}

// HoldsPlaceholder reports whether there may be a placeholder in what counts for
// matching. What is in a content coding is not looked into.
func HoldsPlaceholder(req *fixtures.Request) bool {
	if placeholder.Held([]byte(req.Target)) || placeholder.Held(req.Body) || req.Header["Content-Encoding"] != nil {
		return true
	}
	for _, values := range req.Header {
		for _, v := range values {
			if placeholder.Held([]byte(v)) {
				return true
			}
		}
	}
	return false
}

// recordAnew is the command that records everything anew.
func (x *explainer) recordAnew() string {
	if x.Hints.Record != "" {
		return x.Hints.Record
	}
	return x.command(x.recorder(), "--record", "--origin", x.origin())
}

// recorder is the command that records: the one that is running, or run, which
// replays what fixtures have already, the unsafe requests too.
func (x *explainer) recorder() string {
	if x.Hints.Fixtures != "" {
		return "run"
	}
	return x.verb()
}

// offline is the command that replays, with further flags.
func (x *explainer) offline(flags string) string {
	return x.command(x.verb(), "--offline") + x.tail(flags)
}

// verb is the command that is running.
func (x *explainer) verb() string {
	if x.Hints.Command != nil {
		return "run"
	}
	return "start"
}

// command returns a command line with the flags that select what is recorded.
func (x *explainer) command(verb string, args ...string) string {
	h := x.Hints
	line := slices.Concat([]string{"cannery", verb}, args, h.Flags)
	if h.Fixtures != "" {
		line = append(line, "--fixtures", h.Fixtures)
	}
	if args[0] != "--offline" && verb == "run" {
		line = append(line, x.child()...)
	}
	return CommandLine(line...)
}

// tail is what stands after an offline command.
func (x *explainer) tail(flags string) string {
	if x.verb() == "run" {
		flags += " " + CommandLine(x.child()...)
	}
	return " " + flags
}

// child is the command that run runs.
func (x *explainer) child() []string {
	if command := x.Hints.Command; command != nil {
		return append([]string{"--"}, command...)
	}
	return []string{"--", "COMMAND"}
}

// origin returns the value of --origin.
func (x *explainer) origin() string {
	if x.Hints.Origin != "" {
		return x.Hints.Origin
	}
	return originFlag(x.Request.Origin, x.Base)
}

// originFlag spells an origin for --origin.
func originFlag(name, base string) string {
	switch {
	case name == "":
		return "URL"
	case strings.Contains(name, "://"):
		return name
	case base == "":
		return name + "=URL"
	}
	return name + "=" + base
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// CommandLine spells words for a shell.
func CommandLine(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}

// quote spells a word for a shell.
func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// leaveOut is what to type to have a rule in force, beside those that are. Where a set
// of fixtures is served its rules are written into it; flags replace those of a store.
func (x *explainer) leaveOut(when string, rule *Rule, inForce *fixtures.Rules) []fix {
	rules, err := rule.added(inForce)
	if err != nil {
		return nil // it has been tried
	}
	when += ", leave it out of matching"
	if rule.Echo != nil {
		when += " and give it to the answer"
	}
	note := ""
	if rule.Joins > 0 {
		note = fmt.Sprintf("  It would join %s whose answers differ: they become takes of one request, in the order recorded.", count(rule.Joins, "recording"))
	}
	flags := ruleFlags(&rules)
	if dir := x.Hints.Fixtures; dir != "" {
		return []fix{
			{when: fmt.Sprintf("%s, in %s:", when, filepath.Join(dir, fixturesConfig)), command: `"rules": ` + jsonText(rules), note: note},
			{when: "or with these flags where it is recorded:", command: flags},
		}
	}
	return []fix{{when: when + ":", command: x.offline(flags), note: note}}
}

// fixturesConfig is the file that holds the rules of a directory of fixtures.
const fixturesConfig = "cannery.json"

// ruleFlags spells what does not count. The flags replace those in force.
func ruleFlags(rules *fixtures.Rules) string {
	var words []string
	for _, part := range rules.Ignore {
		words = append(words, "--ignore", part)
	}
	for _, part := range rules.Echo {
		words = append(words, "--echo", part)
	}
	return CommandLine(words...)
}

var volatileName = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:_|t|ts|cb|time|timestamp|nonce|rand|random|cachebuster|uuid|guid|(?:request|trace|correlation|idempotency)[-_]?(?:id|key)|x-amz-date)$`)

// isVolatile reports whether a value looks like a time or a random id.
func (d *difference) isVolatile() bool {
	_, name, _ := strings.Cut(d.at, " ")
	a, b := wordOf(d.yours), wordOf(d.recorded)
	return a != "" && b != "" && (volatileName.MatchString(name) || isRandom(a, b))
}

// areVolatile reports whether all that differs looks so.
func areVolatile(list []difference) bool {
	for i := range list {
		if !list[i].isVolatile() {
			return false
		}
	}
	return len(list) > 0
}

// wordOf returns a word or number, "" for anything else.
func wordOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
