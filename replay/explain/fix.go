package explain

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/mediatype"
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

// ignore proposes to leave out of matching the one thing that differs, when it
// looks as if it did so every time.
func (x *explainer) ignore(list []difference) (f fix, volatile bool) {
	if len(list) != 1 || !list[0].isVolatile() {
		return fix{}, false
	}
	kind, name, _ := strings.Cut(list[0].at, " ")
	if kind == "body" && !mediatype.IsJSON(mediaType(x.Request)) {
		return fix{}, false // such rules are for what is declared as JSON
	}
	rules := *x.Rules
	switch kind {
	case "query":
		rules.Ignore = append(slices.Clone(rules.Ignore), "query:"+name)
	case "body":
		rules.Ignore = append(slices.Clone(rules.Ignore), "json:"+name)
	default:
		return fix{}, false
	}
	rules, err := rules.Normalize()
	if err != nil {
		return fix{}, false
	}
	when := "If it changes with every run, leave it out of matching:"
	if dir := x.Hints.Fixtures; dir != "" {
		text, err := json.Marshal(rules)
		if err != nil {
			return fix{}, false
		}
		return fix{fmt.Sprintf("If it changes with every run, leave it out of matching, in %s:", filepath.Join(dir, fixturesConfig)), `"rules": ` + string(text)}, true
	}
	return fix{when, x.offline(ignoreFlags(&rules))}, true
}

// fixturesConfig is the file that holds the rules of a directory of fixtures.
const fixturesConfig = "cannery.json"

// ignoreFlags spells what does not count. The flags replace those in force.
func ignoreFlags(rules *fixtures.Rules) string {
	var out []string
	for _, part := range rules.Ignore {
		out = append(out, "--ignore "+quote(part))
	}
	return strings.Join(out, " ")
}

var (
	volatileName  = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:_|t|ts|cb|time|timestamp|nonce|rand|random|cachebuster|uuid|guid|(?:request|trace|correlation|idempotency)[-_]?(?:id|key))$`)
	volatileValue = regexp.MustCompile(`^(?:1[0-9]{9}|1[0-9]{12}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|20[0-9]{2}-[01][0-9]-[0-3][0-9]T.*)$`)
)

// isVolatile reports whether a value looks like a time or a random id.
func (d *difference) isVolatile() bool {
	_, name, _ := strings.Cut(d.at, " ")
	a, b := plainText(d.yours), plainText(d.recorded)
	return a != "" && b != "" && (volatileName.MatchString(name) || volatileValue.MatchString(a) && volatileValue.MatchString(b))
}

// plainText returns a word or number, "" for anything else.
func plainText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
