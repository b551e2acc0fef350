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
	cleaner, err := secret.NewCleaner(rules.Redact, view.Secret)
	if err != nil {
		return nil, misuse("", "%w", err)
	}
	p := &publication{store: s, cleaner: cleaner}
	p.config = fixtures.FixtureConfig{Version: 1, Origins: map[string]string{}, Rules: rules}
	for look, err := range inOrder(s.Recordings(ctx), p.look) {
		if err != nil {
			return nil, err
		}
		p.learn(look)
		bar.add()
	}
	return p, nil
}

// A look is what a publication wants to know of a recording.
type look struct {
	learn  func() // its secrets
	origin string
	links  bool // the URL of its origin stands in its body
}

// look may be called at the same time as others.
func (p *publication) look(rec *fixtures.Recording) look {
	name := rec.Request.Origin
	return look{
		learn:  p.cleaner.Look(rec),
		origin: name,
		links:  strings.Contains(name, "://") && bytes.Contains(rec.Response.Body.Bytes, []byte(name)),
	}
}

func (p *publication) learn(l look) {
	l.learn()
	if l.links {
		p.links++
	}
	// An origin that was given a name keeps its address to itself.
	address := ""
	if strings.Contains(l.origin, "://") {
		address = l.origin
	}
	p.config.Origins[l.origin] = address
}

// recordings returns the recordings without their secrets.
func (p *publication) recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error] {
	type cleaned struct {
		rec  *fixtures.Recording
		left int
	}
	all := inOrder(p.store.Recordings(ctx), func(rec *fixtures.Recording) cleaned {
		clean, left := p.cleaner.CleanChecked(rec)
		return cleaned{clean, len(left)}
	})
	return func(yield func(*fixtures.Recording, error) bool) {
		for c, err := range all {
			p.left += c.left
			if !yield(c.rec, err) {
				return
			}
		}
	}
}

// write makes a directory hold the publication.
func (p *publication) write(ctx context.Context, set *fixtures.FixtureDir, opts fixtures.WriteOptions) (fixtures.WriteReport, error) {
	return set.Write(ctx, p.config, p.recordings(ctx), opts)
}
