package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
)

func (x *explainer) differs(ctx context.Context, near *neighbour, all Contents) error {
	recorded := x.mask.mask(&near.rec.Request)
	where := places(near.differences)
	lines := []string{
		fmt.Sprintf("%s is not recorded%s: it differs from the nearest recording in %s.", x.name(), x.scope(), where),
		"",
		"The nearest recording is " + nameOf(recorded) + inSession(recorded.Session) + ofOrigin(x.Request, recorded) + ":",
		"",
	}
	if len(near.differences) == 0 {
		lines = lines[:len(lines)-1]
	} else {
		lines = append(lines, diffLines(near.differences)...)
	}
	var rule *Rule
	if near.distance.tier != otherOperation {
		var err error
		if rule, err = x.rule(ctx, near, all); err != nil {
			return err
		}
	}
	fixes := []fix{x.recording("If your request is right, record it:")}
	switch {
	case rule == nil:
	case areVolatile(near.differences), rule.Ignore == nil && areWords(near.differences): // as ids that are answered with
		fixes = append(x.leaveOut("If it changes with every run", rule, all.Rules), fixes...)
	default:
		fixes = append(fixes, x.leaveOut("If the difference means nothing", rule, all.Rules)...)
	}
	e := x.miss("differs", "not recorded: it differs from the nearest recording", append(lines, x.others()...), fixes...)
	e.Nearest, e.Fixture, e.Rule = recorded, near.rec.Name, rule
	e.Key, e.Differences = near.line.Key, sidesOf(near.differences)
	e.Reason = fmt.Sprintf("differs\n%s\n%x", x.Request.Session, near.line.Key)
	for _, d := range near.differences {
		e.Reason += "\n" + d.at
	}
	return e
}

// scope says where a request was looked for: in which session, and in which of several
// origins.
func (x *explainer) scope() string {
	if !x.several() || x.Request.Origin == "" {
		return inSession(x.Request.Session)
	}
	return " of the origin " + x.Request.Origin + inSession(x.Request.Session)
}

// others says which other origins have the request, nothing when there are none.
func (x *explainer) others() (lines []string) {
	switch {
	case !x.several(), len(x.Origins) == 1 && x.Origins[0] == x.Request.Origin:
		return nil
	case len(x.Elsewhere) == 0:
		return []string{"", "No other origin has it."}
	}
	for _, origin := range x.Elsewhere[:min(len(x.Elsewhere), maxShown)] {
		lines = append(lines, "", fmt.Sprintf("The origin %s has it, at %s.", origin, x.below(origin)))
	}
	return lines
}

// below is where the request is in another origin.
func (x *explainer) below(origin string) string {
	return x.PathOf(origin) + clip([]rune(printable(secret.CleanTargetOf(x.Request.Header, x.Request.Target))), 0, maxTarget)
}

// ofOrigin says whose recording it is, if not the asked origin's.
func ofOrigin(asked, recorded *fixtures.Request) string {
	if asked.Origin == recorded.Origin {
		return ""
	}
	return " of the origin " + recorded.Origin
}

func (x *explainer) elsewhere(near *neighbour) error {
	recorded := x.mask.mask(&near.rec.Request)
	if recorded.Origin != x.Request.Origin {
		e := x.otherOrigin(recorded.Origin)
		e.Nearest, e.Fixture = recorded, near.rec.Name
		return e
	}
	asks := "your request has no session"
	if x.Request.Session != "" {
		asks = fmt.Sprintf("your request is in session %q", x.Request.Session)
	}
	e := x.miss("other-session", "not recorded: it belongs to another session", []string{
		fmt.Sprintf("%s is recorded in session %q only, and %s.", x.name(), recorded.Session, asks),
		"",
		"A session is given its own recordings and those without a session.",
	},
		fix{when: "To be in that session, send this header:", command: fixtures.SessionField + ": " + recorded.Session},
		x.recording("To have it for your request, record it:"))
	e.Nearest, e.Fixture = recorded, near.rec.Name
	return e
}

func (x *explainer) otherOrigin(origin string) *Miss {
	fixes := []fix{
		{when: "To get the recordings of that origin:", command: x.offline("--origin", origin)},
		x.recording("To record it of yours:"),
	}
	if len(x.Origins) > 1 {
		fixes = slices.Insert(fixes, 0, fix{when: "To get it of that origin, ask for:", command: x.below(origin)})
	}
	return x.miss("other-origin", "not recorded: it belongs to another origin", []string{
		fmt.Sprintf("%s is recorded of the origin %s, and your request is for %s.", x.name(), origin, x.Request.Origin),
	}, fixes...)
}

func (x *explainer) severalOrigins() error {
	lines := []string{fmt.Sprintf("%s cannot be looked up: there are recordings of %s, and nothing says whose are wanted.", x.name(), count(len(x.Origins), "origin")), ""}
	for _, origin := range x.Origins[:min(len(x.Origins), 10)] {
		lines = append(lines, "  "+origin+"  at "+x.PathOf(origin)+"/")
	}
	if len(x.Elsewhere) > 0 {
		lines = append(lines, "", "Of these "+strings.Join(x.Elsewhere, ", ")+" have it.")
	}
	return x.miss("several-origins", "several origins are recorded", lines,
		fix{when: "Say which one, for example:", command: x.offline("--origin", x.Origins[0])})
}

func (x *explainer) neverRecorded(keys int) error {
	lines := []string{
		fmt.Sprintf("%s was never recorded%s.", x.name(), x.scope()),
		"",
		fmt.Sprintf("Nothing that is recorded here is near to it (%s).", count(keys, "request")),
	}
	if x.AnyHost && !slices.Contains(x.Origins, x.Request.Origin) {
		lines[2] = "Nothing is recorded of that origin. There are recordings of " + listed(x.Origins) + "."
	}
	return x.miss("never-recorded", "not recorded", append(lines, x.others()...), x.recording("To record it:"))
}

// listed names the first of many.
func listed(names []string) string {
	if more := len(names) - maxShown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxShown], ", "), more)
	}
	return strings.Join(names, ", ")
}

func (x *explainer) unknown(corrupt error) error {
	return x.miss("never-recorded", "not recorded", []string{
		x.name() + " is not recorded.",
		"",
		"What is near to it cannot be told, for a recording is damaged:",
		"  " + corrupt.Error(),
	}, x.recording("To record it:"))
}

func (x *explainer) empty() error {
	hints := x.Hints
	lines := []string{fmt.Sprintf("%s is not recorded: %s.", x.name(), hints.nothing())}
	if hints.Volatile {
		lines = append(lines, "", "Either nothing was ever recorded there, or the server was emptied or has", "restarted without its data.")
	}
	e := x.miss("empty", "nothing is recorded", lines, x.recording("To record:"))
	e.Reason = "empty"
	return e
}

func (x *explainer) gone(left int) error {
	hints := x.Hints
	lines := []string{
		fmt.Sprintf("%s was recorded, and is gone from %s.", x.name(), hints.store()), "",
	}
	switch {
	case left == 0:
		lines = append(lines, "So is everything else: it was cleared, or has lost its data.")
	case hints.Volatile:
		lines = append(lines, "It was cleared, or evicted to make room: see maxmemory-policy of the server.")
	default:
		lines = append(lines, "It was removed while this ran.")
	}
	return x.miss("gone", "the recording is gone", lines, x.recording("To record it again:"))
}

func (x *explainer) usedUp(ctx context.Context) error {
	recs, err := x.From.Fitting(ctx)
	if err != nil {
		return err
	}
	n, verb := "The only take", "has"
	if len(recs) > 1 {
		n, verb = fmt.Sprintf("All %d takes", len(recs)), "have"
	}
	return x.miss("takes-used-up", "all takes are used up", []string{
		fmt.Sprintf("%s of %s %s been served%s.", n, x.name(), verb, x.scope()),
		"",
		"It is asked for more often than when it was recorded, and --after-last is error.",
	},
		fix{when: "If that is right, record it as often:", command: x.recordAnew()},
		fix{when: "To have the last take repeated:", command: x.offline("--after-last", "repeat")},
		fix{when: "To begin again with the first takes:", command: x.Reset})
}

// errNoTakes says that a store has changed while a miss was explained.
var errNoTakes = errors.New("the recordings have changed meanwhile: try again")

// credentialsPlaceholder is what stands in fixtures for who asks, alone or in the place
// of the secret.
var credentialsPlaceholder = regexp.MustCompile(`^credentials-[0-9]+$|` + placeholder.Numbered.String())

func (x *explainer) severalCredentials(ctx context.Context) error {
	recs, err := x.From.Fitting(ctx)
	if err != nil || len(recs) == 0 {
		return errors.Join(err, errNoTakes)
	}
	var sets []map[string]string
	for _, rec := range recs {
		credentials := withoutTags(rec.Request.Credentials)
		if !slices.ContainsFunc(sets, func(set map[string]string) bool { return maps.Equal(set, credentials) }) {
			sets = append(sets, credentials)
		}
	}
	// Placeholders are numbered: of two the shorter is the lower.
	slices.SortStableFunc(sets, func(a, b map[string]string) int {
		textA, textB := credentialsText(a), credentialsText(b)
		return cmp.Or(cmp.Compare(len(textA), len(textB)), cmp.Compare(textA, textB))
	})
	choice := ""
	for _, set := range sets {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			if v := set[name]; choice == "" && credentialsPlaceholder.MatchString(v) {
				choice = name + ": " + v
			}
		}
	}
	lines := []string{
		fmt.Sprintf("%s is recorded for %d different credentials, and your request's are none of them.", x.name(), len(sets)), "",
	}
	for _, set := range sets[:min(len(sets), maxShown)] {
		lines = append(lines, "  recorded with  "+credentialsText(set))
	}
	lines = append(lines, "  your request   "+credentialsText(fieldsOnly(x.Request.Credentials)))
	const title = "recorded with several other credentials"
	var fixes []fix
	record := x.recording("To record it with yours:")
	if choice != "" {
		// Fixtures do not hold credentials: recorded once more, nothing would tell
		// which of the placeholders stands for these.
		record.when = "To record it with yours, which get a placeholder of their own, the one to send from then on:"
		fixes = append(fixes, fix{when: "To choose one of them, send its placeholder, for example:", command: choice})
	}
	fixes = append(fixes, record)
	if choice != "" {
		fixes = append(fixes, apart)
	}
	t := trial{rules: x.Rules, asked: x.Request}
	rule := t.whoever(recs)
	if rule != nil {
		fixes = append(fixes, x.leaveOut("If it does not matter who asks", rule, x.Rules)...)
	}
	e := x.miss("several-credentials", title, lines, fixes...)
	e.Rule = rule
	return e
}

// apart is how requests that differ in secrets only are told apart.
var apart = fix{when: "To keep them apart, record each in a session of its own, with this header:", command: fixtures.SessionField + ": NAME"}

func (x *explainer) severalSecrets(ctx context.Context) error {
	n, err := x.From.Masked(ctx)
	if err != nil || n == 0 {
		return errors.Join(err, errNoTakes)
	}
	lines := []string{
		fmt.Sprintf("%s is recorded %d times with other secrets and other answers, and which is yours cannot be told:", x.name(), n),
		"a recording has placeholders where the secrets were.",
	}
	all, err := x.From.Contents(ctx)
	if err != nil {
		return err
	}
	near, err := x.nearest(ctx, all)
	if err != nil || near == nil {
		return errors.Join(err, errNoTakes)
	}
	recorded := placeholder.Numbered.FindString(near.rec.Request.Target + "\n" + string(near.rec.Request.Body))
	fixes := []fix{
		{when: "To choose one, send what stands in its fixture instead of the secret, such as:", command: cmp.Or(recorded, placeholder.Mark+"-password-1")},
		apart,
	}
	rule, err := x.rule(ctx, near, all)
	if err != nil {
		return err
	}
	if rule != nil {
		fixes = append(fixes, x.leaveOut("If the secret does not matter", rule, all.Rules)...)
	}
	e := x.miss("several-secrets", "recorded with several secrets", lines, fixes...)
	e.Rule = rule
	return e
}

// withoutTags leaves out what tells callers apart only to programs.
func withoutTags(credentials map[string]string) map[string]string {
	out := maps.Clone(credentials)
	for name, value := range out {
		out[name], _ = fixtures.CutTag(value)
	}
	return out
}

// fieldsOnly leaves out what nobody has to see.
func fieldsOnly(credentials map[string]string) map[string]string {
	out := maps.Clone(credentials)
	for name := range out {
		out[name] = ""
	}
	return out
}

// credentialsText names the fields, and the placeholders that fixtures have for
// their values.
func credentialsText(credentials map[string]string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		if v := credentials[name]; credentialsPlaceholder.MatchString(v) {
			name += ": " + v
		}
		names = append(names, name)
	}
	if names == nil {
		return "no credentials"
	}
	return strings.Join(names, ", ")
}

// notReplayed is for a conversation over plain HTTP, which no recording could answer.
func (x *explainer) notReplayed() error {
	why := x.name() + " waits for an answer before it has sent all: it is a conversation, and only those of gRPC and of WebSockets are replayed."
	return x.miss("conversation", "a conversation cannot be replayed", []string{why}, fix{when: "To have it answered by the origin:", command: x.command("start", x.origins()...)})
}
