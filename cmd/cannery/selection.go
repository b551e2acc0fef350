package main

import (
	"errors"

	"example.com/cannery/fixtures"
)

// A selection is what --match and --session select. The zero selection is
// everything.
type selection struct {
	match   string
	session *string // nil: any
}

func (s *selection) bind(f *flags) {
	bind(f, "match", &s.match, parseMatch)
	bind(f, "session", &s.session, func(text string) (*string, error) { return &text, nil })
}

// parseMatch refuses the empty pattern, which would select everything: it is
// what a shell makes of a variable that is not set.
func parseMatch(text string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty; leave --match out to select everything")
	}
	return text, nil
}

// filter returns the selection for a store. Its error is a misuse of the command.
func (s *selection) filter(command string) (fixtures.Filter, error) {
	filter := fixtures.Filter{Match: s.match, Session: s.session}
	if err := filter.Check(); err != nil {
		return filter, misuse("", "%s: %w", command, err)
	}
	return filter, nil
}
