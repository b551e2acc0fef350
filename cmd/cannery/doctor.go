package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A doctor looks at all that cannery depends on.
type doctor struct {
	collection collectionOptions
	host       string
	port       int
	json       bool

	world *world
	flags *flags
	env   environment

	worst findingLevel
	code  int // the exit code of the first failure, 0 for none
	err   error
}

func newDoctor(w *world) *cobra.Command {
	o := &doctor{world: w}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the settings and the store",
		Long: `Look at .env, the settings, the store, the fixtures, the port and what git
ignores, and say of each whether it is right and, if not, what to do. Exit codes:
0 nothing has failed, 1 something has, 4 the store is unreachable.`,
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

func (o *doctor) run(ctx context.Context) error {
	o.checkDotenv()
	o.checkSettings()
	o.checkStore(ctx)
	o.checkFixtures(ctx)
	o.checkPort(ctx)
	o.checkGit(ctx)
	switch {
	case o.err != nil:
		return printed(o.err)
	case o.worst == fails:
		return &failure{o.code, errors.New("doctor: something is wrong"), "do what stands below each line that says fail"}
	}
	return nil
}

// A findingLevel says how bad something is.
type findingLevel int

const (
	fine findingLevel = iota
	warns
	fails
)

func (l findingLevel) String() string { return [...]string{"ok", "warn", "fail"}[l] }

// say prints what was found, with what to do about it, "" for nothing.
func (o *doctor) say(level findingLevel, what, hint string) {
	o.worst = max(o.worst, level)
	if level == fails && o.code == 0 {
		o.code = exitFailed
	}
	if o.json {
		enc := json.NewEncoder(o.world.stdout)
		enc.SetEscapeHTML(false)
		o.err = errors.Join(o.err, enc.Encode(struct {
			Level string `json:"level"`
			What  string `json:"what"`
			Hint  string `json:"hint,omitempty"`
		}{level.String(), oneLine(what), oneLine(hint)}))
		return
	}
	text := fmt.Sprintf("%-4s  %s\n", level, printable(oneLine(what)))
	if hint != "" {
		text += fmt.Sprintf("      %s\n", printable(oneLine(hint)))
	}
	_, err := fmt.Fprint(o.world.stdout, text)
	o.err = errors.Join(o.err, err)
}

// failed says that something has failed, with the error's own hint and code.
func (o *doctor) failed(err error) {
	hint := ""
	var f *failure
	if errors.As(err, &f) {
		hint = f.hint
		if f.code == exitStore {
			o.code = exitStore
		}
	}
	o.say(fails, err.Error(), hint)
}

// checkDotenv reads .env, which the other checks need.
func (o *doctor) checkDotenv() {
	env, junk, err := o.world.env.withDotenv()
	o.env = env
	switch {
	case err != nil:
		o.failed(err)
		return
	case env.file == nil:
		o.say(fine, "there is no .env here; it is not needed", "")
		return
	}
	for _, line := range junk {
		o.say(warns, fmt.Sprintf("%s line %d is not NAME=value and is ignored", dotenvName, line), "write it as NAME=value, or begin it with #")
	}
	o.say(fine, fmt.Sprintf("%s sets %s", dotenvName, count(int64(len(env.file)), "variable", "variables")), "")
}

// checkSettings reads those of start from the environment, and those that the
// other checks need.
func (o *doctor) checkSettings() {
	all := flagsOf(&cobra.Command{})
	(&start{}).bind(all)
	set := 0
	all.set.VisitAll(func(flag *pflag.Flag) {
		v := flag.Value.(*value)
		err := all.fillOne(v, o.env, v.variables())
		source := all.source[v.flag]
		switch {
		case err != nil:
			o.failed(err)
		case source != "":
			set++
			o.say(fine, fmt.Sprintf("%s is %q", source, masked(v.text)), "")
		}
		// What is wrong has been told of: here it does not count.
		if mine := o.flags.set.Lookup(v.flag); mine != nil && !mine.Changed && err == nil {
			_ = o.flags.fillOne(mine.Value.(*value), o.env, v.variables())
		}
	})
	o.flags.set.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			o.flags.source[flag.Name] = "--" + flag.Name
		}
	})
	if set == 0 {
		o.say(fine, "no setting comes from the environment", "")
	}
	o.checkNames()
}
