package explain

import (
	"slices"
	"strings"

	"example.com/cannery/fixtures"
)

// Hints are what an explanation has to know to say what to type. The zero Hints
// are those of the default store.
type Hints struct {
	// Fixtures is the directory that is served, as it was given. "" means a
	// store.
	Fixtures string

	// Store is what to call the store. "" means "the store".
	Store string

	// Volatile says that the store can lose recordings by itself, as a Redis
	// can.
	Volatile bool

	// Flags are what else the command line has that a command needs to do
	// the same, such as what selects the store. They are shown as they are:
	// no secrets. Nil means that nothing is needed.
	Flags []Flag

	// Origins are the values of --origin, names alone among them, of which the
	// recordings know the URL. Nil means what the recordings tell.
	Origins []string

	// AnyHost says that the command records every host that it is asked for, without
	// an --origin.
	AnyHost bool

	// URL is where the proxy answers. "" stands for $CANNERY_URL.
	URL string

	// Record is what to type to record, where that is no command of
	// cannery's. "" means that it is.
	Record string

	// Command is the command line that is being run, for "cannery run", as
	// secret.ShownCommand has it. Nil stands for COMMAND.
	Command []string
}

// A Flag is one of a command line.
type Flag struct{ Name, Value string }

// Words returns the flag as it is typed. A switch has its value in the same word.
func (f Flag) Words() []string {
	if f.Value == "true" || f.Value == "false" {
		return []string{"--" + f.Name + "=" + f.Value}
	}
	return []string{"--" + f.Name, f.Value}
}

// ofStart are the flags that run does not have.
var ofStart = []string{"port", "host"}

// ofRules are the flags that the flags of a rule stand for.
var ofRules = []string{"ignore", "ignore-query", "ignore-body", "echo"}

// flags returns the words of the flags but some.
func (h *Hints) flags(but []string) (words []string) {
	for _, f := range h.Flags {
		if !slices.Contains(but, f.Name) {
			words = append(words, f.Words()...)
		}
	}
	return words
}

// ofRecording are the flags that mean nothing to who only replays.
var ofRecording = []string{"record-status", "max-age", "max-body", "origin-timeout", "origin-ca"}

// Again is the command line of "cannery run" that runs Command again, offline or not. It is
// "" where that needs the URL of an origin, which is not known.
func (h Hints) Again(offline bool) string {
	line, but := []string{"cannery", "run"}, ofStart
	if offline {
		line, but = append(line, "--offline"), slices.Concat(ofStart, ofRecording)
	}
	hasURL := func(origin string) bool { return strings.Contains(origin, "://") }
	if !offline && !h.AnyHost && (len(h.Origins) == 0 || !slices.ContainsFunc(h.Origins, hasURL)) {
		return ""
	}
	if h.AnyHost {
		line = append(line, "--proxy")
	}
	line = append(line, originFlags(h.Origins)...)
	line = append(line, h.flags(but)...)
	if h.Fixtures != "" {
		line = append(line, "--fixtures", h.Fixtures)
	}
	line = append(line, "--")
	return CommandLine(append(line, h.Command...)...)
}

// store names where recordings are.
func (h *Hints) store() string {
	switch {
	case h.Fixtures != "":
		return h.Fixtures
	case h.Store != "":
		return h.Store
	}
	return "the store"
}

// Nothing says that there is nothing to replay at all, and what to type to record.
func (h *Hints) Nothing() string {
	x := explainer{Unanswered: Unanswered{Request: new(fixtures.Request), Hints: h}}
	return h.nothing() + ", so that every request is a miss; to record: " + x.record()
}

func (h *Hints) nothing() string {
	if h.Fixtures != "" {
		return "there are no fixtures in " + h.Fixtures
	}
	return "there are no recordings at all in " + h.store()
}
