package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/page"
)

// pageChanges are what the page at /__cannery/ can do to a source. Fixtures that are
// recorded into are the user's, and change by being recorded alone.
func (o *start) pageChanges(src *source, j *journal, lost *replay.Outage) page.Changes {
	switch {
	case src.files != nil:
		return page.Changes{
			Accept: func(ctx context.Context, ignore, echo []string) error {
				return accept(ctx, src, src.files, ignore, echo)
			},
			Pin:      src.pinFile,
			Document: src.document,
			Save: func(ctx context.Context, rec *fixtures.Recording, document string) error {
				return src.files.Edit(ctx, rec.Name, []byte(document))
			},
		}
	case src.work != nil:
		return page.Changes{Again: o.again(src, j, lost)}
	}
	can := page.Changes{
		Accept: func(ctx context.Context, ignore, echo []string) error {
			return accept(ctx, src, src.store, ignore, echo)
		},
		Clear: func(ctx context.Context) (int, error) {
			return src.store.Remove(ctx, fixtures.Filter{}, false)
		},
		Confirm: func(ctx context.Context) string {
			warning, _ := unconfirmed(ctx, src.store)
			return warning
		},
	}
	can.Pin = func(ctx context.Context, rec *fixtures.Recording, others []int) error {
		filter, err := src.others(ctx, rec, others)
		if err != nil {
			return err
		}
		_, err = src.store.Remove(ctx, filter, false)
		return err
	}
	if !o.offline {
		can.Again = o.again(src, j, lost)
	}
	return can
}

// accept adds parts to the rules in force.
func accept(ctx context.Context, src *source, to interface {
	SetRules(ctx context.Context, rules fixtures.Rules) error
}, ignore, echo []string,
) error {
	view, err := src.View(ctx)
	if err != nil {
		return err
	}
	rules := *view.Rules
	rules.Ignore, rules.Echo = slices.Concat(rules.Ignore, ignore), slices.Concat(rules.Echo, echo)
	if rules, err = rules.Normalize(); err != nil {
		return err
	}
	return to.SetRules(ctx, rules)
}

// others selects other takes of a recording's request.
func (s *source) others(ctx context.Context, rec *fixtures.Recording, takes []int) (fixtures.Filter, error) {
	view, err := s.View(ctx)
	if err != nil {
		return fixtures.Filter{}, err
	}
	return fixtures.Filter{Takes: map[fixtures.Key][]int{view.Rules.Key(&rec.Request): takes}}, nil
}

// pinFile removes the fixtures of other takes, as rm does, and serves what is left.
func (s *source) pinFile(ctx context.Context, rec *fixtures.Recording, others []int) error {
	filter, err := s.others(ctx, rec, others)
	if err != nil {
		return err
	}
	set, err := openSet(s.address)
	if err != nil {
		return err
	}
	if _, err := set.remove(ctx, filter, false); err != nil {
		return err
	}
	return s.files.Reload(ctx)
}

// maxEdited is the size, in bytes, up to which a fixture is edited on the page.
const maxEdited = 1 << 20

// document is the file of a fixture.
func (s *source) document(_ context.Context, rec *fixtures.Recording) (string, error) {
	doc, err := s.files.Document(rec.Name)
	switch {
	case err != nil:
		return "", err
	case len(doc) > maxEdited:
		return "", fmt.Errorf("it has more than %d MiB", maxEdited>>20)
	case !utf8.Valid(doc):
		return "", errors.New("it is no text")
	}
	return string(doc), nil
}
