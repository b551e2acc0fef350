package storetest

import (
	"bytes"
	"io"
	"testing"

	"example.com/cannery/fixtures"
)

// removals are all the ways in which the one recording of a store goes.
var removals = map[string]func(t *testing.T, store Store, rec *fixtures.Recording) error{
	"clear": func(t *testing.T, store Store, _ *fixtures.Recording) error {
		_, err := store.Remove(t.Context(), fixtures.Filter{}, false)
		return err
	},
	"remove by a pattern": func(t *testing.T, store Store, rec *fixtures.Recording) error {
		_, err := store.Remove(t.Context(), fixtures.Filter{Match: rec.Request.Target}, false)
		return err
	},
	"remove a take": func(t *testing.T, store Store, rec *fixtures.Recording) error {
		key := viewOf(t, store).Rules.Key(&rec.Request)
		_, err := store.Remove(t.Context(), fixtures.Filter{Takes: map[fixtures.Key][]int{key: {1}}}, false)
		return err
	},
	"replace": func(t *testing.T, store Store, rec *fixtures.Recording) error {
		commit := commitOf(viewOf(t, store), answered(rec.Request.Target, "another"), fixtures.SeenAll)
		commit.Replace = true
		return store.Append(t.Context(), commit)
	},
	"import": func(t *testing.T, store Store, _ *fixtures.Recording) error {
		_, err := store.Import(t.Context(), fixtures.Rules{}, of(nil, answered("/", "another")), false)
		return err
	},
	"merge": func(t *testing.T, store Store, rec *fixtures.Recording) error {
		_, err := store.Import(t.Context(), fixtures.Rules{}, of(nil, answered(rec.Request.Target, "another")), true)
		return err
	},
	"set other rules": func(t *testing.T, store Store, _ *fixtures.Recording) error {
		return store.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}})
	},
}

func wholeDuringRemovals(t *testing.T, open opener) {
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			a, b := open(t), open(t)
			content := randomContent(1 << 20)
			rec := answered("/large?t=1", "")
			_, rec.Response.Body = written(t, a, content)
			mustAppend(t, a, rec)
			r, err := takesOf(t, b, &rec.Request).Recordings[0].Response.Body.Open()
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			defer r.Close()
			begin := make([]byte, 1000)
			if _, err := io.ReadFull(r, begin); err != nil {
				t.Fatalf("read the beginning: %v", err)
			}
			if err := remove(t, a, rec); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(r)
			if got := append(begin, rest...); err != nil || !bytes.Equal(got, content) {
				t.Errorf("read %d bytes of %d: %v", len(got), len(content), err)
			}
		})
	}
}
