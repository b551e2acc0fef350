package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures/checkup"
)

// A doctor looks at all that cannery depends on. Its checks are in doctorchecks.go.
type doctor struct {
	collection collectionOptions
	host       string
	port       int
	json       bool

	world *world
	flags *flags
	env   environment

	screen screen // that people read it at

	would    *start // what start would do, once the settings are read
	settings *flags // those of start
}

func newDoctor(w *world) *cobra.Command {
	o := &doctor{world: w}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the settings and the store",
		Long: `Look at .env, the settings, the store, the fixtures, the port and what git
ignores, and say of each whether it is right and, if not, what to do. The store
is tried: it writes, runs scripts and removes, under keys that nobody else has.
Exit codes: 0 nothing has failed, 1 something has, 4 the store is unreachable.`,
		Example: `  cannery doctor
  cannery doctor --fixtures fixtures/`,
		Args: noArguments,
	}
	o.flags = flagsOf(cmd)
	bind(o.flags, "json", &o.json, parseSwitch)
	bind(o.flags, "host", &o.host, parseHost)
	bind(o.flags, "port", &o.port, parsePort)
	o.collection.bind(o.flags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) }
	return cmd
}

// checks are all that is looked at, in this order: the first say where the others look.
func (o *doctor) checks() []checkup.Check {
	return []checkup.Check{
		{Name: "dotenv", Hint: "correct " + dotenvName + ", or remove it", Try: o.tryDotenv},
		{Name: "settings", Hint: "'cannery start --help' says what it may be", Try: o.trySettings},
		{Name: "tls", Hint: "'cannery start --help' says what TLS needs", Try: o.tryTLS},
		{Name: "names", Hint: "correct its name, or remove it", Try: o.tryNames},
		{Name: "store", Hint: "look at what it says, or use another store: --redis, or XDG_STATE_HOME", Try: o.tryStore},
		{Name: "fixtures", Hint: "repair or remove that file", Try: o.tryFixtures},
		{Name: "port", Hint: "choose another with --port", Try: o.tryPort},
		{Name: "git", Hint: "correct .gitignore", Try: o.tryGit},
	}
}

func (o *doctor) run(ctx context.Context) error {
	o.screen = screenOf(o.world.stdout, o.world.env)
	worst, code := checkup.OK, exitOK
	for _, check := range o.checks() {
		for _, found := range check.Run(ctx) {
			if err := o.print(found); err != nil {
				return printed(err)
			}
			worst = max(worst, found.Level)
			if found.Level == checkup.Fail {
				code = max(code, exitFailed)
			}
			if f := (*failure)(nil); errors.As(found.Err, &f) && f.code == exitStore {
				code = exitStore
			}
		}
	}
	if worst < checkup.Fail {
		return nil
	}
	return &failure{code, errors.New("doctor: something is wrong"), "do what stands below each line that says fail"}
}

// colours of levels.
var levelColours = map[checkup.Level]string{checkup.OK: green, checkup.Warn: yellow, checkup.Fail: red}

// print prints what was found, with what to do about it.
func (o *doctor) print(found checkup.Finding) error {
	found.What, found.Hint = oneLine(found.What), oneLine(found.Hint)
	if o.json {
		return jsonTo(o.world.stdout).Encode(found)
	}
	level := found.Level.String()
	text := o.screen.paint(levelColours[found.Level], level) + strings.Repeat(" ", len("fail  ")-len(level)) + printable(found.What) + "\n"
	if found.Hint != "" {
		text += fmt.Sprintf("      %s\n", printable(found.Hint))
	}
	_, err := fmt.Fprint(o.world.stdout, text)
	return err
}

// failed is a finding of an error, with the error's own hint.
func failed(err error) checkup.Finding {
	found := checkup.Failed(err)
	var f *failure
	if errors.As(err, &f) {
		found.Hint = f.hint
	}
	return found
}

// one is a list of one finding.
func one(found checkup.Finding) []checkup.Finding { return []checkup.Finding{found} }
