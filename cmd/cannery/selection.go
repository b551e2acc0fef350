package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	bind(f, "session", &s.session, parseSession)
}

// parseMatch refuses the empty pattern, which would select everything: it is
// what a shell makes of a variable that is not set.
func parseMatch(text string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty; leave --match out to select everything")
	}
	return text, nil
}

// parseSession refuses a name that no session can have: it would select nothing, in
// silence. "" stands for the recordings of no session.
func parseSession(text string) (*string, error) {
	if text != "" && !fixtures.ValidSession(text) {
		return nil, errors.New("not the name of a session, which has up to 100 letters, digits, '-', '_', '.' or '~'")
	}
	return &text, nil
}

// A pattern is a selection that has been checked. Beside what a fixtures.Filter matches it
// may name the origin, as ls shows it.
type pattern struct {
	fixtures.Filter
	by   originPart
	bare string // what Match is without the origin
}

// An originPart is what a pattern says of the origin.
type originPart uint8

const (
	anyOrigin originPart = iota
	originURL            // GET https://api.example.com/v1/*
	originTag            // GET NAME /v1/*
)

// pattern returns the selection, checked. Its error is a misuse of the command.
func (s *selection) pattern(command string) (pattern, error) {
	p := pattern{Filter: fixtures.Filter{Match: s.match, Session: s.session}}
	method, target, found := strings.Cut(s.match, " ")
	if !found {
		method, target = "*", s.match
	}
	path := strings.TrimLeft(target, " ")
	if scheme, rest, isURL := strings.Cut(path, "://"); isURL && !strings.Contains(rest, " ") && (scheme == "*" || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789") == "") {
		host, below, _ := strings.Cut(rest, "/")
		if host == rest {
			below = "*" // an origin is all that it has
		}
		p.by, path = originURL, "/"+below
		p.Match = method + " " + scheme + "://" + host + path
	} else if name, rest, several := strings.Cut(path, " "); several {
		p.by, path = originTag, strings.TrimLeft(rest, " ")
		p.Match = method + " " + name + " " + path
	}
	if s.match != "" {
		p.bare = method + " " + path
	}
	if (fixtures.Filter{Match: p.bare}).Check() != nil {
		return p, misuse(matchHint(command, s.match), "%s: match %q is not a pattern such as 'GET /v1/*', '/v1/*' or 'GET https://api.example.com/v1/*'", command, s.match)
	}
	return p, nil
}

// matchHint is how to find what has a text anywhere in its path, "" when the text is no
// word.
func matchHint(command, text string) string {
	if command != "ls" || strings.ContainsAny(text, " :'*") || text == "" {
		return ""
	}
	return fmt.Sprintf("anywhere in the path: cannery ls '/*%s*'", strings.TrimPrefix(text, "/"))
}

// selects reports whether the pattern selects the recordings of a request.
func (p pattern) selects(req *fixtures.Request) bool {
	target := req.Target
	switch p.by {
	case originURL:
		target = req.Address() + target
	case originTag:
		target = req.Origin + " " + target
	}
	return p.Selects(req.Session, req.Method, target)
}

// within returns a filter for a store that selects the same. Stores do not look at
// origins: for a pattern that names one the requests are looked up first. What is under
// way cannot be: of that the filter removes whatever the origin.
func (p pattern) within(ctx context.Context, s store) (fixtures.Filter, error) {
	if p.by == anyOrigin {
		return p.Filter, nil
	}
	view, err := s.View(ctx)
	if err != nil {
		return fixtures.Filter{}, err
	}
	filter := fixtures.Filter{Match: p.bare, Session: p.Session, Takes: map[fixtures.Key][]int{}}
	if p.by == originURL {
		method, _, _ := strings.Cut(p.bare, " ")
		filter.Match = method + " *" // the origin's URL may have a part of the path
	}
	for rec, err := range s.Recordings(ctx) {
		if err != nil {
			return filter, fmt.Errorf("look for what %q selects: %w", p.Match, err)
		}
		if p.selects(&rec.Request) {
			filter.Takes[view.Rules.Key(&rec.Request)] = nil
		}
	}
	return filter, nil
}
