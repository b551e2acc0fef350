package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
)

// shortID is how many digits of a key usually name it, as in the names of
// fixtures.
const shortID = 8

// takeID names a take as people type it: digits of its key and, from the second
// take on, its number. Whole gives all digits that tell requests apart.
func takeID(key fixtures.Key, take int, whole bool) string {
	id := hex.EncodeToString(key[16:])
	if !whole {
		id = id[:shortID]
	}
	if take > 1 {
		id += "." + strconv.Itoa(take)
	}
	return id
}

// A wanted is what a person has named: by an ID, or by the path of a fixture.
type wanted struct {
	text   string
	digits string // the beginning of a key's ID; "" for a path
	take   int    // 0: all
}

var idPattern = regexp.MustCompile(`^([0-9a-f]{4,32})(?:\.([1-9][0-9]{0,8}))?$`)

func isPath(text string) bool { return strings.HasSuffix(text, ".json") }

func parseIDs(command string, texts []string) ([]wanted, error) {
	if len(texts) == 0 {
		return nil, misuse("cannery ls lists them", "%s: no ID is given", command)
	}
	all := make([]wanted, len(texts))
	for i, text := range texts {
		all[i].text = text
		if isPath(text) {
			continue
		}
		m := idPattern.FindStringSubmatch(strings.ToLower(text))
		if m == nil {
			if hint := idHint(texts); hint != "" {
				return nil, misuse(hint, "%s: %q is not an ID", command, text)
			}
			return nil, misuse("an ID is 4 or more digits of those that cannery ls shows, as in 3fa2b1c0 or 3fa2b1c0.2", "%s: %q is not an ID", command, text)
		}
		all[i].digits = m[1]
		all[i].take, _ = strconv.Atoi(m[2])
	}
	return all, nil
}

// idHint says how to find the IDs of a request that was named in their place, "" when
// none was.
func idHint(texts []string) string {
	last := texts[len(texts)-1]
	if !strings.Contains(last, "/") {
		return ""
	}
	return fmt.Sprintf("'cannery ls %s' lists the IDs", last[strings.Index(last, "/"):])
}

// A found is a request that somebody has named.
type found struct {
	takes []member // all of its key, in order
	take  int      // the one that was named, 0 for all
}

// named returns the takes that are meant.
func (f found) named() []member {
	if f.take == 0 {
		return f.takes
	}
	for _, rec := range f.takes {
		if rec.Take == f.take {
			return []member{rec}
		}
	}
	return nil
}

// find opens what the settings choose, and finds all that is wanted there.
func (o *collectionOptions) find(ctx context.Context, f *flags, env environment, all []wanted) (*collection, []found, error) {
	collection, err := o.open(ctx, f, env)
	if err != nil {
		return nil, nil, err
	}
	named, err := collection.find(ctx, all)
	if err != nil {
		collection.close()
		return nil, nil, err
	}
	return collection, named, nil
}

// find looks up what is wanted, each exactly one request's.
func (s *collection) find(ctx context.Context, all []wanted) ([]found, error) {
	matches := make([][]found, len(all))
	for takes, err := range s.requests(ctx) {
		if err != nil {
			return nil, err
		}
		for i, w := range all {
			if take, ok := s.matches(w, takes); ok {
				matches[i] = append(matches[i], found{takes, take})
			}
		}
	}
	out := make([]found, len(all))
	for i, w := range all {
		if err := s.checkMatch(w, matches[i]); err != nil {
			return nil, err
		}
		out[i] = matches[i][0]
	}
	return out, nil
}

// matches reports whether a request is one that is wanted, and which of its
// takes, 0 for all.
func (s *collection) matches(w wanted, takes []member) (take int, ok bool) {
	if w.digits != "" {
		return w.take, strings.HasPrefix(takeID(takes[0].key, 1, true), w.digits)
	}
	for _, rec := range takes {
		if s.isFile(rec, w.text) {
			return rec.Take, true
		}
	}
	return 0, false
}

// isFile reports whether a path, from here or from the directory, is that of a
// recording's fixture.
func (s *collection) isFile(rec member, path string) bool {
	if rec.file == "" {
		return false
	}
	if filepath.ToSlash(filepath.Clean(path)) == rec.file {
		return true
	}
	a, err := filepath.Abs(path)
	b, err2 := filepath.Abs(filepath.Join(s.address, filepath.FromSlash(rec.file)))
	return err == nil && err2 == nil && a == b
}

// maxCandidates is how many an error lists.
const maxCandidates = 5

// checkMatch makes sure that what is wanted is one request, and has the take.
func (s *collection) checkMatch(w wanted, matches []found) error {
	switch {
	case len(matches) == 0:
		return &failure{exitFailed, fmt.Errorf("find %q in %q: there is no such recording", w.text, s.address), "cannery ls lists them"}
	case len(matches) == 1 && matches[0].named() == nil:
		n := int64(len(matches[0].takes))
		return &failure{exitFailed, fmt.Errorf("find %q in %q: the request has only %s", w.text, s.address, count(n, "take", "takes")), "cannery ls lists them"}
	case len(matches) == 1:
		return nil
	}
	var candidates []string
	for i, m := range matches {
		if i == maxCandidates {
			candidates = append(candidates, fmt.Sprintf("%d more", len(matches)-i))
			break
		}
		first := m.takes[0]
		whole := len(w.digits) >= shortID
		candidates = append(candidates, fmt.Sprintf("%s %s %s", takeID(first.key, 1, whole), first.Request.Method, printable(first.url())))
	}
	return &failure{exitFailed, fmt.Errorf("find %q in %q: %d requests have an ID that begins so", w.text, s.address, len(matches)), "is it " + strings.Join(candidates, ", or ") + "?"}
}
