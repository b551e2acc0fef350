package main

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// settings are what the command line says.
type settings struct {
	rounds   int           // of floor and subject by turns
	duration time.Duration // of each turn
	many     int           // recordings of the measurements that need many
	only     *regexp.Regexp
	wrk      bool   // it makes the requests of loads that it can
	binary   string // a cannery to measure; "": build one
	dir      string // for all files, removed at the end; "": a temporary one
	json     bool   // print JSON instead of Markdown
}

func parse(args []string) (*settings, error) {
	s := &settings{many: 100_000}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&s.rounds, "rounds", 5, "`turns` of each, of which the median counts")
	f.DurationVar(&s.duration, "duration", 4*time.Second, "`length` of a turn; wrk's are whole seconds")
	f.StringVar(&s.binary, "binary", "", "the `cannery` to measure, instead of building one")
	f.StringVar(&s.dir, "dir", "", "put all files below this `directory`, as on another disk")
	f.BoolVar(&s.json, "json", false, "print the table as JSON")
	only := f.String("only", "", "measure only what matches this regular `expression`, as in ^hit/")
	quick := f.Bool("quick", false, "a look in a few minutes: -rounds 3 -duration 1s, and 10,000 recordings for many")
	f.Usage = func() {
		fmt.Fprint(f.Output(), "usage: go run ./testutil/bench [flags]\n\n")
		f.PrintDefaults()
		fmt.Fprint(f.Output(), "\nMeasurements, for -only:\n")
		for _, m := range measurements() {
			fmt.Fprintf(f.Output(), "  %s\n", m.name)
		}
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if *quick {
		s.rounds = unless(given["rounds"], s.rounds, 3)
		s.duration = unless(given["duration"], s.duration, time.Second)
		s.many = 10_000
	}
	_, err := exec.LookPath("wrk")
	s.wrk = err == nil
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
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q", args[0])
	case s.rounds < 1 || s.duration <= 0:
		return fmt.Errorf("-rounds and -duration must be more than 0")
	case len(s.chosen()) == 0:
		return fmt.Errorf("read -only: no measurement matches %q", s.only)
	}
	return nil
}

// chosen returns the measurements that were asked for.
func (s *settings) chosen() []measurement {
	return slices.DeleteFunc(measurements(), func(m measurement) bool { return !s.only.MatchString(m.name) })
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
	client := "go"
	if s.wrk {
		client = "wrk"
	}
	return fmt.Sprintf("%d turns of %v each, by turns, of which the median counts; requests by %s; clients and servers share the machine",
		s.rounds, s.duration, client)
}
