package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/file"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// A source is where the proxy has its recordings from: a store, a directory of
// fixtures that is recorded into, or one that is served as it is.
type source struct {
	library
	address string         // for people
	flags   []explain.Flag // that a command needs which records into it: without secrets

	// outageHint is what to do about the store's errors while it is used. Nil: nothing
	// is known.
	outageHint func(error) string

	store store        // nil: nothing is recorded
	work  *workStore   // the store of a directory that is recorded into
	files *dir.Library // the directory that is served as it is
}

// A library is what can be read of every source.
type library interface {
	replay.Store
	Recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error]
	Count(ctx context.Context) (int, error)
	CacheSize() int64
}

// openSource opens what the settings choose. Later is as in openWork.
func (o *start) openSource(ctx context.Context, f *flags, env environment, later bool) (*source, error) {
	tuneCollector()
	flags := f.again()
	switch {
	case o.fixtures == "":
		s, address, err := o.store.open(ctx, f, env)
		if err != nil {
			return nil, err
		}
		return &source{
			library: s, store: s, address: address, flags: append(o.store.flags(f, address), flags...),
			outageHint: o.store.outageHint(f, env),
		}, nil
	case o.offline:
		files, err := dir.OpenLibrary(ctx, o.fixtures, o.schema())
		var mistake *file.Error
		switch {
		case errors.As(err, &mistake):
			return nil, fmt.Errorf("read the fixtures %q: %w", o.fixtures, err)
		case err != nil:
			return nil, &failure{exitStore, err, "--fixtures names a directory that 'cannery export' or 'cannery run' has written"}
		}
		returnMemory()
		return &source{library: files, files: files, address: o.fixtures, flags: flags}, nil
	}
	work, err := openWork(ctx, env, o.fixtures, o.covers, o.record, later, &o.store)
	if err != nil {
		return nil, err
	}
	work.several = o.forward.on || len(o.origins) > 1
	return &source{library: work, store: work, work: work, address: o.fixtures, flags: flags}, nil
}

// passedOver says what the fixtures' directory has besides fixtures, as far as it has
// been read.
func (s *source) passedOver(j *journal) {
	switch {
	case s.files != nil:
		passedOver(s.address, s.files.Foreign(), j.warn)
	case s.work != nil && s.work.set != nil:
		passedOver(s.address, s.work.set.Foreign(), j.warn)
	}
}

// close writes what is left to write, as workStore.finish does.
func (s *source) close(ctx context.Context, whole, prune bool) (old old, err error) {
	switch {
	case s.work != nil:
		return s.work.finish(ctx, whole, prune)
	case s.files != nil:
		return old, s.files.Close()
	}
	if err := s.store.Close(); err != nil {
		return old, fmt.Errorf("close %q: %w", s.address, err)
	}
	return old, nil
}

// setRules gives the source the rules that are set here, kind by kind, and
// returns those now in force. What is served as it is keeps its own.
func (o *start) setRules(ctx context.Context, s *source) (*fixtures.Rules, error) {
	view, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	rules := o.changed(*view.Rules)
	if s.store != nil && len(o.origins) > 1 {
		rules.First = o.origins.first().name
	}
	rules, err = rules.Normalize()
	if err != nil {
		return nil, err
	}
	o.methods = rules.Methods
	kept := *view.Rules
	if s.store == nil { // neither of them says which recording answers
		kept.Methods, kept.Volatile = rules.Methods, rules.Volatile
	}
	switch {
	case rules.Equal(kept):
		return &rules, nil
	case s.store == nil:
		rules.Proto = nil // it has a file of its own
		text, err := json.Marshal(rules)
		if err != nil {
			return nil, err
		}
		return nil, misuse(fmt.Sprintf("write \"rules\": %s into %s", text, filepath.Join(s.address, "cannery.json")), "the fixtures have other rules than the flags say")
	}
	return &rules, s.store.SetRules(ctx, rules)
}

// changed returns rules with those that are set here.
func (o *start) changed(rules fixtures.Rules) fixtures.Rules {
	set := &o.rules
	if set.MatchHeader != nil {
		rules.MatchHeader = set.MatchHeader
	}
	if set.Methods != nil {
		rules.Methods = set.Methods
	}
	rules.Proto = rules.Proto.With(o.schema())
	if o.rewriteBody != nil {
		rules.LeaveBody = !*o.rewriteBody
	}
	rules.Ignore = replaceKinds(rules.Ignore, givenParts{"", set.Ignore}, givenParts{"query:", set.OlderQuery}, givenParts{"json:", set.OlderBody})
	rules.Volatile = replaceKinds(rules.Volatile, givenParts{"", set.Volatile})
	rules.Echo = replaceKinds(rules.Echo, givenParts{"", set.Echo})
	return rules
}

// schema is what --proto says of messages, nil for nothing.
func (o *start) schema() (schema *protobody.Schema) {
	for _, one := range o.protos {
		schema = schema.With(one)
	}
	return schema
}

// givenParts are parts of messages that a flag gives, without their kind when that is
// the flag's. Nil says that the flag was not given, an empty list that it was to have
// none.
type givenParts struct {
	kind string
	list []string
}

// replaceKinds returns parts with those that were given in the place of all that are of
// the same kinds: a rule about the query leaves those about JSON alone.
func replaceKinds(parts []string, given ...givenParts) []string {
	var added, gone []string
	for _, g := range given {
		if g.list != nil && len(g.list) == 0 {
			gone = append(gone, g.kind)
		}
		for _, text := range g.list {
			kind, _, _ := strings.Cut(g.kind+text, ":")
			added, gone = append(added, g.kind+text), append(gone, kind)
		}
	}
	left := slices.DeleteFunc(slices.Clone(parts), func(text string) bool {
		return slices.ContainsFunc(gone, func(kind string) bool { return strings.HasPrefix(text, kind) })
	})
	return append(left, added...)
}
