package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
)

// A status says what a store, or a directory, holds.
type status struct {
	collection collectionOptions
	json       bool
}

func newStatus(w *world) *cobra.Command {
	o := &status{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which store is used and what it holds",
		Long: `Say which store the settings choose, and by which of them, and what it holds:
recordings, their origins and sessions, and the rules. It fails with exit code 4
when the store is unreachable.`,
		Example: `  cannery status
  cannery status --fixtures fixtures/ --json`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	bind(f, "json", &o.json, parseSwitch)
	o.collection.bind(f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), w, f, env)
	}
	return cmd
}

func (o *status) run(ctx context.Context, w *world, f *flags, env environment) error {
	collection, err := o.collection.open(ctx, f, env)
	if err != nil {
		return err
	}
	defer collection.close()
	sum := holding{Store: collection.address, ChosenBy: o.collection.chosenBy(f, env), Rules: collection.rules, Origins: map[string]int{}}
	bar := newProgress(w.stderr, env, "reading", collection.total(ctx))
	sessions := map[string]bool{}
	for rec, err := range collection.recordings(ctx) {
		if err != nil {
			bar.end()
			return err
		}
		sum.add(rec.Recording)
		if name := rec.Request.Session; name != "" {
			sessions[name] = true
		}
		bar.add()
	}
	bar.end()
	sum.Sessions = len(sessions)
	if o.json {
		return printed(jsonTo(w.stdout).Encode(sum))
	}
	_, err = w.stdout.Write([]byte(sum.text()))
	return printed(err)
}

// byDefault says that no setting has chosen.
const byDefault = "default"

// chosenBy names the setting that chose a collection, byDefault for none.
func (o *collectionOptions) chosenBy(f *flags, env environment) string {
	if o.fixtures != "" {
		return f.source["fixtures"]
	}
	if _, source, err := o.store.redisConfig(f, env); err == nil && source != "" {
		return source
	}
	if f.source["namespace"] != "" {
		return f.source["namespace"]
	}
	return byDefault
}

// choiceText spells what chosenBy returns.
func choiceText(by string) string {
	if by == byDefault {
		return "the default"
	}
	return "chosen by " + by
}

// A holding is what a store has.
type holding struct {
	Store      string          `json:"store"` // the password masked
	ChosenBy   string          `json:"chosen_by"`
	Recordings int             `json:"recordings"`
	Bytes      int64           `json:"bytes"` // of the content of answers
	Oldest     time.Time       `json:"oldest,omitzero"`
	Newest     time.Time       `json:"newest,omitzero"`
	Origins    map[string]int  `json:"origins"` // recordings of each
	Sessions   int             `json:"sessions"`
	Rules      *fixtures.Rules `json:"rules"`
}

func (h *holding) add(rec *fixtures.Recording) {
	h.Recordings++
	h.Bytes += rec.Response.Body.Size()
	h.Origins[rec.Request.Origin]++
	if at := rec.Recorded; !at.IsZero() {
		if h.Oldest.IsZero() || at.Before(h.Oldest) {
			h.Oldest = at
		}
		if at.After(h.Newest) {
			h.Newest = at
		}
	}
}

func (h *holding) text() string {
	const layout = "2006-01-02 15:04"
	var b strings.Builder
	line := func(name, text string) { fmt.Fprintf(&b, "%-10s  %s\n", name, text) }
	line("store", fmt.Sprintf("%s  (%s)", h.Store, choiceText(h.ChosenBy)))
	text := fmt.Sprintf("%d, %s", h.Recordings, sizeText(h.Bytes))
	if !h.Oldest.IsZero() {
		text += fmt.Sprintf(", from %s to %s", timeText(h.Oldest, layout), timeText(h.Newest, layout))
	}
	line("recordings", text)
	name := "origins"
	for _, origin := range slices.Sorted(maps.Keys(h.Origins)) {
		line(name, fmt.Sprintf("%s: %d", printable(origin), h.Origins[origin]))
		name = ""
	}
	line("sessions", fmt.Sprint(h.Sessions))
	rules := rulesText(h.Rules)
	if rules == "" {
		rules = "none"
	}
	line("rules", printable(rules))
	return b.String()
}
