package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/cannery/fixtures/checkup"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// examine has a store try what it needs, closely or as often as one likes, and returns
// what that has found, each with what to do.
func examine(ctx context.Context, s store, closely bool) []checkup.Finding {
	found := s.Examine(ctx, closely)
	for i, f := range found {
		if hint := storeHint(f.Err); hint != "" {
			found[i].Hint = hint
		}
	}
	return found
}

// storeHint is what to do about what a store has said, "" when it says that itself or
// nobody knows.
func storeHint(err error) string {
	var others *localstore.OthersError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &others):
		return explain.CommandLine("chmod", "700", others.Path) + ", once you have looked at what is in it"
	}
	return redisHint(err)
}

// confirm waits until what a command has done to a store cannot be undone by a crash of
// that, or a fail-over. What is not confirmed in time is done all the same: it warns.
func (w *world) confirm(ctx context.Context, s store) {
	warning, hint := unconfirmed(ctx, s)
	if warning == "" {
		return
	}
	w.warn("warning: " + warning)
	if hint != "" {
		fmt.Fprintf(w.stderr, "  hint: %s\n", oneLine(hint))
	}
}

// unconfirmed waits as confirm does, and returns what there is to warn of, "" for nothing,
// and what to do about it, "" when nobody knows.
func unconfirmed(ctx context.Context, s store) (warning, hint string) {
	redis, ok := s.(*redisstore.Store)
	if !ok {
		return "", ""
	}
	err := redis.Confirm(ctx)
	if err == nil {
		return "", ""
	}
	hint = redisHint(err)
	if errors.As(err, new(*redisstore.UnconfirmedError)) {
		err = fmt.Errorf("%w: until then a fail-over, or a restart of Redis, may undo it", err)
		hint = "'redis-cli INFO replication' says how far each replica is; 'cannery doctor' says when all is well"
	}
	return oneLine(err.Error()), hint
}

// warnOfStore says what a store refuses that a proxy needs. Without it nothing that is
// answered would be recorded, which the first request would tell.
func warnOfStore(ctx context.Context, p *replay.Proxy, j *journal) {
	if p.Answers.Examine == nil {
		return
	}
	for _, found := range p.Answers.Examine(ctx) {
		if found.Level == checkup.Fail {
			j.warn("warning: " + oneLine(found.What+": "+found.Hint))
		}
	}
}

// examineEvery is for how long the health page says what an examination has found.
const examineEvery = 5 * time.Second

// examined is a store's examination for whoever asks again and again. It may be used
// concurrently.
type examined struct {
	store store

	mu    sync.Mutex // held while one examines
	found []checkup.Finding
	until time.Time
}

func (e *examined) findings(ctx context.Context) []checkup.Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Now().After(e.until) {
		e.found = examine(context.WithoutCancel(ctx), e.store, false) // others want it, too
		e.until = time.Now().Add(examineEvery)
	}
	return e.found
}
