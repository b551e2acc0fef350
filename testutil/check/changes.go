package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"example.com/cannery/fixtures"
)

// change does what makes recordings count no more.
func (r *run) change(what string, random *rand.Rand) {
	ctx := r.t.Context()
	c := Change{What: what}
	do := func() (err error) { return errors.New("there is no such change") }
	remove := func(filter fixtures.Filter) func() error {
		return func() error { _, err := r.admin.Remove(ctx, filter, false); return err }
	}
	switch what {
	case "clear":
		c.Drops = true
		do = remove(fixtures.Filter{})
	case "match":
		// "/u/1*" is 1, 10 and 11.
		pattern := anyURL(random)
		for i := range urls {
			if u := fmt.Sprint("/u/", i); strings.HasPrefix(u, pattern) {
				c.URLs = append(c.URLs, u)
			}
		}
		do = remove(fixtures.Filter{Match: "GET " + pattern + "*"})
	case "rm":
		c.URLs = []string{anyURL(random)}
		do = func() error { return r.remove(ctx, c.URLs[0]) }
	case "import", "merge":
		c.Drops, c.Imported = true, map[string]uint64{}
		for range 3 {
			u := anyURL(random)
			if c.Imported[u] == 0 {
				c.Imported[u] = r.origin.versions.Add(1)
			}
		}
		if what == "merge" {
			for u := range c.Imported {
				c.URLs = append(c.URLs, u)
			}
		}
		do = func() error { return r.imports(ctx, c.Imported, what == "merge") }
	case "post":
		c.URLs = []string{anyURL(random)}
		do = func() error { return r.post(ctx, r.proxies[random.IntN(len(r.proxies))]+c.URLs[0]) }
	}
	c.Start = r.now()
	err := do()
	c.End = r.now()
	c.Uncertain = err != nil
	if c.Uncertain && r.cfg.Redis == nil {
		r.t.Errorf("%s: %v", what, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Changes = append(r.history.Changes, c)
}

// recordingOf returns a recording that the origin could have given.
func (r *run) recordingOf(url string, version uint64) *fixtures.Recording {
	return &fixtures.Recording{
		Exchange: fixtures.Exchange{
			Request: fixtures.Request{Origin: r.origin.URL, Method: http.MethodGet, Target: url},
			Response: fixtures.Response{
				Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}},
				Body: fixtures.Body{Bytes: Content(Subject{URL: url}, version, sizeOf(url))},
			},
		},
		Recorded: time.Now(),
	}
}

// remove removes all recordings of a URL by its key, as rm does.
func (r *run) remove(ctx context.Context, url string) error {
	view, err := r.admin.View(ctx)
	if err != nil {
		return err
	}
	key := view.Rules.Key(&r.recordingOf(url, 0).Request)
	_, err = r.admin.Remove(ctx, fixtures.Filter{Takes: map[fixtures.Key][]int{key: nil}}, false)
	return err
}

func (r *run) imports(ctx context.Context, versions map[string]uint64, merge bool) error {
	view, err := r.admin.View(ctx)
	if err != nil {
		return err
	}
	var recs iter.Seq2[*fixtures.Recording, error] = func(yield func(*fixtures.Recording, error) bool) {
		for url, version := range versions {
			if !yield(r.recordingOf(url, version), nil) {
				return
			}
		}
	}
	_, err = r.admin.Import(ctx, *view.Rules, recs, merge)
	return err
}

// post changes a URL at the origin, through a proxy.
func (r *run) post(ctx context.Context, at string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, http.NoBody)
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("it is answered %s", res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
