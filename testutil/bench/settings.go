package main

import (
	"cmp"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	rounds   int           // of floor and subject by turns
	duration time.Duration // of each turn
	many     int           // recordings of the measurements that need many
	with     []string      // what is measured only when asked for: "million", or other programs
	only     *regexp.Regexp
	client   string // "wrk" or "go"
	binary   string // a cannery to measure; "": build one
	dir      string // for all files, removed at the end; "": a temporary one
	json     bool   // print JSON instead of Markdown
}

// million is what the measurements of a million recordings are asked for by.
const million = "million"

func parse(args []string) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&s.rounds, "rounds", 5, "`turns` of each, of which the median counts")
	f.DurationVar(&s.duration, "duration", 4*time.Second, "`length` of a turn; wrk's are whole seconds")
	f.IntVar(&s.many, "many", 100_000, "`recordings` where many are needed")
	f.StringVar(&s.client, "client", "", "wrk or go; wrk when it is installed")
	f.StringVar(&s.binary, "binary", "", "the `cannery` to measure, instead of building one")
	f.StringVar(&s.dir, "dir", "", "put all files below this `directory`, as on another disk")
	f.BoolVar(&s.json, "json", false, "print the table as JSON")
	only := f.String("only", "", "measure only what matches this regular `expression`, as in ^hit/")
	with := f.String("with", "", "measure other programs too, if they are installed: nginx, varnish, or `nginx,varnish`")
	isMillion := f.Bool("million", false, "also measure 1,000,000 recordings in Redis (needs 8 GB of memory)")
	quick := f.Bool("quick", false, "a look in a few minutes: -rounds 3 -duration 1s -many 10000")
	f.Usage = func() {
		fmt.Fprint(f.Output(), "usage: go run ./testutil/bench [flags]\n\n")
		f.PrintDefaults()
		fmt.Fprintf(f.Output(), "\nMeasurements, for -only:\n  %s\n", strings.Join(names(measurements()), "\n  "))
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if *quick {
		s.rounds = unless(given["rounds"], s.rounds, 3)
		s.duration = unless(given["duration"], s.duration, time.Second)
		s.many = unless(given["many"], s.many, 10_000)
	}
	if *with != "" {
		s.with = strings.Split(*with, ",")
	}
	if *isMillion {
		s.with = append(s.with, million)
	}
	if s.client == "" {
		s.client = "go"
		if _, err := exec.LookPath("wrk"); err == nil {
			s.client = "wrk"
		}
	}
	var err error
	if s.only, err = regexp.Compile(*only); err != nil {
		return nil, fmt.Errorf("read -only: %w", err)
	}
	return s, s.check(f.Args())
}

// unless returns a value that was given, and otherwise another.
func unless[T any](given bool, value, other T) T {
	if given {
		return value
	}
	return other
}

func (s *settings) check(args []string) error {
	for _, name := range s.with {
		if !slices.ContainsFunc(measurements(), func(m measurement) bool { return m.with == name }) {
			return fmt.Errorf("read -with: there is no %q", name)
		}
	}
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q", args[0])
	case s.client != "wrk" && s.client != "go":
		return fmt.Errorf("read -client: %q is neither wrk nor go", s.client)
	case s.rounds < 1 || s.duration <= 0 || s.many < 1:
		return fmt.Errorf("-rounds, -duration and -many must be more than 0")
	case len(s.chosen()) == 0:
		return fmt.Errorf("read -only: no measurement matches %q", s.only)
	}
	return nil
}

// chosen returns the measurements that were asked for.
func (s *settings) chosen() []measurement {
	return slices.DeleteFunc(measurements(), func(m measurement) bool {
		return !s.only.MatchString(m.name) || m.with != "" && !slices.Contains(s.with, m.with)
	})
}

// installed looks for the other programs before an hour is spent on the rest.
func (s *settings) installed() error {
	needed := []string{"redis-server"}
	if s.client == "wrk" {
		needed = append(needed, "wrk")
	}
	for _, name := range append(needed, s.with...) {
		if _, err := find(name); name != million && err != nil {
			return err
		}
	}
	return nil
}

// find returns the path of a program of a Debian package. Not every user has
// the servers' directory in PATH.
func find(name string) (string, error) {
	program := name
	if name == "varnish" {
		program = "varnishd"
	}
	for _, path := range []string{program, filepath.Join("/usr/sbin", program)} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: apt-get install %s", program, name)
}

// method says how the figures came about.
func (s *settings) method() string {
	return fmt.Sprintf("%d turns of %v each, by turns, of which the median counts; requests by %s; clients and servers share the machine",
		s.rounds, s.duration, cmp.Or(s.client, "go"))
}

func names(all []measurement) []string {
	var list []string
	for _, m := range all {
		name := m.name
		if m.with != "" {
			name = fmt.Sprintf("%-28s only with %s", name, m.with)
		}
		list = append(list, name)
	}
	return list
}
