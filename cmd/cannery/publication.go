package main

import (
	"bytes"
	"context"
	"iter"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A publication is what a store holds, cleaned of secrets for all to read. It
// is used by one goroutine.
type publication struct {
	store   store
	cleaner *secret.Cleaner
	config  fixtures.FixtureConfig

	links int // bodies in which the URL of their origin stands
	left  int // what looks secret in what has been cleaned
}

// newPublication looks at all recordings before any is written: for secrets,
// for the origins, and for bodies in which the URL of theirs stands. Redact is
// nil for the rules of the store.
func newPublication(ctx context.Context, s store, redact []string, bar *progress) (*publication, error) {
	defer bar.end()
	view, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	rules := *view.Rules
	if redact != nil {
		rules.Redact = redact
	}
	if rules, err = rules.Normalize(); err != nil {
		return nil, misuse("", "%w", err)
	}
	cleaner, err := secret.NewCleaner(rules.Redact)
	if err != nil {
		return nil, misuse("", "%w", err)
	}
	p := &publication{store: s, cleaner: cleaner}
	p.config = fixtures.FixtureConfig{Version: 1, Origins: map[string]string{}, Rules: rules}
	for rec, err := range s.Recordings(ctx) {
		if err != nil {
			return nil, err
		}
		p.learn(rec)
		bar.add()
	}
	return p, nil
}

func (p *publication) learn(rec *fixtures.Recording) {
	p.cleaner.Learn(rec)
	// An origin that was given a name keeps its address to itself.
	name, address := rec.Request.Origin, ""
	if strings.Contains(name, "://") {
		address = name
		if bytes.Contains(rec.Response.Body.Bytes, []byte(name)) {
			p.links++
		}
	}
	p.config.Origins[name] = address
}

// recordings returns the recordings without their secrets.
func (p *publication) recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range p.store.Recordings(ctx) {
			if err == nil {
				rec = p.cleaner.Clean(rec)
				p.left += len(p.cleaner.Check(rec))
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// write makes a directory hold the publication.
func (p *publication) write(ctx context.Context, set *fixtures.FixtureDir, opts fixtures.WriteOptions) (fixtures.WriteReport, error) {
	return set.Write(ctx, p.config, p.recordings(ctx), opts)
}
