package explain

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	return x.command(x.recorder(), x.origins()...)
}

// asksWithPlaceholder reports whether a request has what fixtures have in place of a
// secret: whoever asks knows the secret from them alone.
func (x *explainer) asksWithPlaceholder() bool {
	body := x.Request.Body
	return saysAnywhere(x.Request, body[:min(len(body), maxTaken)], placeholder.Numbered.Match)
}

// HoldsPlaceholder reports whether there may be a placeholder in what counts for
// matching. What is in a content coding is not looked into.
func HoldsPlaceholder(req *fixtures.Request) bool {
	return req.Header["Content-Encoding"] != nil || saysAnywhere(req, req.Body, placeholder.Held)
}

// saysAnywhere reports whether the target, the content or a field of a request is it.
func saysAnywhere(req *fixtures.Request, body []byte, is func(text []byte) bool) bool {
	if is([]byte(req.Target)) || is(body) {
		return true
	}
	for _, values := range req.Header {
		for _, v := range values {
			if is([]byte(v)) {
				return true
			}
		}
	}
	return false
}

// recording is the fix that records what is missing. It says what that may pass over:
// who does as it says is not to end with the same miss.
func (x *explainer) recording(when string) fix {
	f := fix{when: when, command: x.record()}
	var limits []string
	for _, flag := range x.Hints.Flags {
		if flag.Name == "record-status" || flag.Name == "max-body" {
			limits = append(limits, CommandLine(flag.Words()...))
		}
	}
	switch {
	case x.Hints.Record != "":
	case limits != nil:
		f.note = "  What is left out by " + strings.Join(limits, " and ") + " is not recorded."
	case x.recorder() == "start" && !x.asksWithPlaceholder():
		f.note = "  An answer that depends on the moment or on who asks, as 500 or 401, needs --record-status 2xx,3xx,4xx,5xx too."
	}
	return f
}

// recordAnew is the command that records everything anew.
func (x *explainer) recordAnew() string {
	if x.Hints.Record != "" {
		return x.Hints.Record
	}
	return x.command(x.recorder(), append([]string{"--record"}, x.origins()...)...)
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
func (x *explainer) offline(flags ...string) string {
	verb, h := x.verb(), x.Hints
	line := []string{"cannery", verb, "--offline"}
	if h.AnyHost {
		line = append(line, "--proxy")
	}
	if flags[0] != "--origin" {
		line = append(line, originFlags(h.Origins)...)
	}
	var but []string
	if slices.Contains(ofRules, strings.TrimPrefix(flags[0], "--")) {
		but = ofRules
	}
	line = append(line, x.where(verb, but)...)
	line = append(line, flags...)
	if verb == "run" {
		line = append(line, x.child()...)
	}
	return CommandLine(line...)
}

// verb is the command that is running.
func (x *explainer) verb() string {
	if x.Hints.Command != nil {
		return "run"
	}
	return "start"
}

// command returns a command line that records, with the flags that select what.
func (x *explainer) command(verb string, args ...string) string {
	line := slices.Concat([]string{"cannery", verb}, args, x.where(verb, nil))
	if verb == "run" {
		line = append(line, x.child()...)
	}
	return CommandLine(line...)
}

// where returns the flags that are in force for a command, but some.
func (x *explainer) where(verb string, but []string) []string {
	if verb == "run" {
		but = slices.Concat(but, ofStart)
	}
	words := x.Hints.flags(but)
	if x.Hints.Fixtures != "" {
		words = append(words, "--fixtures", x.Hints.Fixtures)
	}
	return words
}

// child is the command that run runs.
func (x *explainer) child() []string {
	if command := x.Hints.Command; command != nil {
		return append([]string{"--"}, command...)
	}
	return []string{"--", "COMMAND"}
}

// maxOrigins is how many origins a command names because they are recorded. More make it
// one that nobody reads.
const maxOrigins = 10

// origins returns the flags of all origins that are recorded together, the one of the
// request among them.
func (x *explainer) origins() []string {
	if x.Hints.AnyHost {
		return append([]string{"--proxy"}, originFlags(x.Hints.Origins)...)
	}
	own := OriginFlag(x.Request.Origin, x.Base)
	values := slices.Clone(x.Hints.Origins)
	switch {
	case values != nil:
	case len(x.Known) > maxOrigins && x.Rules.First != "":
		values = slices.Clone(x.Known[:1]) // recordings of the others are there without a flag
	case len(x.Known) > maxOrigins:
	case len(x.Known) > 1:
		values = slices.Clone(x.Known)
	}
	for i, value := range values {
		if strings.Contains(value, "://") {
			continue
		}
		isNamed := func(known string) bool { return strings.HasPrefix(known, value+"=") }
		if at := slices.IndexFunc(append(x.Known, own), isNamed); at >= 0 {
			values[i] = append(x.Known, own)[at]
		} else {
			values[i] = OriginFlag(value, "")
		}
	}
	isOwn := func(value string) bool { return value == own || strings.HasPrefix(value, x.Request.Origin+"=") }
	if values == nil || x.Request.Origin != "" && !slices.ContainsFunc(values, isOwn) {
		values = append(values, own)
	}
	return originFlags(values)
}

// originFlags returns the words of --origin with each of these values.
func originFlags(values []string) (words []string) {
	for _, value := range values {
		words = append(words, "--origin", value)
	}
	return words
}

// OriginFlag spells an origin for --origin.
func OriginFlag(name, base string) string {
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

// quote spells a word for a shell. What a terminal would act on, or a page could not hold,
// is spelled as POSIX.1-2024 has it in $'...', 2.2.4.
func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	if !isPrintable(word) {
		return "$'" + spellOut(word) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// isPrintable reports whether a word is text without control characters.
func isPrintable(word string) bool {
	return utf8.ValidString(word) && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) })
}

// spellOut spells what stands between $' and '.
func spellOut(word string) string {
	var b strings.Builder
	for len(word) > 0 {
		r, n := utf8.DecodeRuneInString(word)
		char := word[:n]
		word = word[n:]
		switch {
		case r == '\\' || r == '\'':
			b.WriteString(`\` + char)
		case r == '\n':
			b.WriteString(`\n`)
		case isPrintable(char):
			b.WriteString(char)
		default:
			for _, c := range []byte(char) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
	}
	return b.String()
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
		many := count(rule.Joins, "recording")
		if rule.Joins >= maxJoined {
			many = "at least " + many
		}
		note = fmt.Sprintf("  It would join %s whose answers differ: they become takes of one request, in the order recorded.", many)
	}
	flags := ruleFlags(&rules)
	if dir := x.Hints.Fixtures; dir != "" {
		rules.Proto = nil // it has a file of its own there
		fixes := []fix{{when: fmt.Sprintf("%s, in %s:", when, filepath.Join(dir, fixturesConfig)), command: `"rules": ` + jsonText(rules), note: note}}
		if x.Hints.Record == "" {
			fixes = append(fixes, fix{when: "or with these flags where it is recorded:", command: CommandLine(flags...)})
		}
		return fixes
	}
	return []fix{{when: when + ":", command: x.offline(flags...), note: note}}
}

// fixturesConfig is the file that holds the rules of a directory of fixtures.
const fixturesConfig = "cannery.json"

// ruleFlags spells what does not count. The flags replace those in force.
func ruleFlags(rules *fixtures.Rules) (words []string) {
	for _, part := range rules.Ignore {
		words = append(words, "--ignore", part)
	}
	for _, part := range rules.Echo {
		words = append(words, "--echo", part)
	}
	return words
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

// areWords reports whether all that differs are words or numbers.
func areWords(list []difference) bool {
	return !slices.ContainsFunc(list, func(d difference) bool {
		a, b := wordOf(d.yours), wordOf(d.recorded)
		return a == "" || b == "" || strings.ContainsAny(a+b, " \t\n")
	})
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
