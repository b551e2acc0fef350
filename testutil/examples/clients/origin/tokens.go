package main

import (
	"crypto/rand"
	"sync"
)

// tokens are those that were given out.
type tokens struct {
	mu    sync.Mutex
	given map[string]bool // guarded by mu
}

func newTokens() *tokens { return &tokens{given: map[string]bool{}} }

func (t *tokens) add() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	token := rand.Text()
	t.given[token] = true
	return token
}

func (t *tokens) has(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.given[token]
}
