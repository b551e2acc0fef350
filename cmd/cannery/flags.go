package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/cannery/replay/explain"
)

// Flags are the settings of one command: registered from the table, then
// filled from the command line, the environment and .env, in this order.
type flags struct {
	set   *pflag.FlagSet
	table map[string]setting

	// source says what gave a flag its value, for errors: "--port",
	// "CANNERY_PORT", "CANNERY_PORT in .env". Defaults have no entry.
	source map[string]string
}

func flagsOf(cmd *cobra.Command) *flags {
	f := &flags{set: cmd.Flags(), table: map[string]setting{}, source: map[string]string{}}
	f.set.SortFlags = false
	for _, s := range settings() {
		f.table[s.flag] = s
	}
	return f
}

// add registers a setting of the table. It panics when the table does not have
// it, or has a default that it refuses: the program is wrong.
func (f *flags) add(name string, set func(string) error) {
	s, ok := f.table[name]
	if !ok {
		panic(fmt.Sprintf("no setting %q", name))
	}
	v := &value{setting: s, set: set, text: s.normal}
	if s.normal != "" {
		if err := set(s.normal); err != nil {
			panic(fmt.Sprintf("setting %q: %v", name, err))
		}
	}
	flag := f.set.VarPF(v, s.flag, s.short, s.help)
	if s.value == "" {
		flag.NoOptDefVal = "true"
	}
}

// bind registers a setting whose value parse reads into to. What parse
// complains of need not quote its input.
func bind[T any](f *flags, name string, to *T, parse func(string) (T, error)) {
	f.add(name, func(text string) error {
		v, err := parse(text)
		if err == nil {
			*to = v
		}
		return err
	})
}

// bindList registers a setting that may be repeated. The list is nil when
// nobody set it, and empty when it was set to the empty value.
func bindList[T any](f *flags, name string, to *[]T, parse func(string) (T, error)) {
	f.add(name, func(text string) error {
		if *to == nil {
			*to = []T{}
		}
		if text == "" {
			return nil
		}
		item, err := parse(text)
		*to = append(*to, item)
		return err
	})
	f.set.Lookup(name).Value.(*value).list = true
}

// fill sets what the command line has not set from the environment.
func (f *flags) fill(env environment) error {
	var first error
	f.set.VisitAll(func(flag *pflag.Flag) {
		s, ok := f.table[flag.Name]
		switch {
		case first != nil || !ok:
		case flag.Changed:
			f.source[flag.Name] = "--" + flag.Name
		default:
			first = f.fillOne(flag.Value.(*value), env, s.variables())
		}
	})
	return first
}

// again returns the flags of the command line that a command needs which records what
// this one lacks. What comes from the environment is there for it, too.
func (f *flags) again() (list []explain.Flag) {
	f.set.VisitAll(func(flag *pflag.Flag) {
		v, ok := flag.Value.(*value)
		if !ok || !v.again() || f.source[flag.Name] != "--"+flag.Name {
			return
		}
		given := v.given
		if !v.list {
			given = given[len(given)-1:]
		}
		for _, text := range given {
			list = append(list, explain.Flag{Name: flag.Name, Value: text})
		}
	})
	return list
}

func (f *flags) fillOne(v *value, env environment, variables []string) error {
	text, source, ok := env.first(variables...)
	if !ok || text == "" && (!v.list || v.filled) {
		return nil
	}
	f.source[v.flag] = source
	items := []string{text}
	if v.list {
		items = splitList(text)
	}
	for _, item := range items {
		if err := v.Set(item); err != nil {
			return badValue(source, item, err)
		}
	}
	return nil
}

// splitList splits a list in one variable: at line breaks if it has any, else
// at commas.
func splitList(text string) []string {
	separator := ","
	if strings.Contains(text, "\n") {
		separator = "\n"
	}
	items := strings.Split(text, separator)
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// A value is a setting as pflag sees it.
type value struct {
	setting
	set   func(string) error
	text  string
	given []string // all that it was set to
	list  bool

	filled bool // an empty variable sets nothing
}

func (v *value) String() string { return v.text }

// errNoValue says that a flag has taken the "--" behind it for its value.
var errNoValue = errors.New("its value is missing")

func (v *value) Set(text string) error {
	if text == "--" {
		return errNoValue
	}
	if err := v.set(text); err != nil {
		return err
	}
	v.text, v.given = text, append(v.given, text)
	return nil
}

// Type is what the help calls the value; "bool" makes it a switch there.
func (v *value) Type() string {
	if v.value == "" {
		return "bool"
	}
	return v.value
}

// resolve fills a command's settings from the environment and .env, which it
// returns for those that have no flag.
func (w *world) resolve(f *flags) (environment, error) {
	env, junk, err := w.env.withDotenv()
	if err != nil {
		return env, err
	}
	if err := f.fill(env); err != nil {
		return env, err
	}
	if quiet := f.set.Lookup("quiet"); quiet == nil || quiet.Value.String() != "true" {
		for _, what := range slices.Concat(f.unknownVariables(env), env.twoPasswords()) {
			fmt.Fprintf(w.stderr, "cannery: warning: %s\n", what)
		}
		for _, line := range junk {
			fmt.Fprintf(w.stderr, "cannery: warning: %s line %d is not NAME=value and is ignored\n", dotenvName, line)
		}
	}
	return env, nil
}
