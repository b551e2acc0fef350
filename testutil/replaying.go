package testutil

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/cannery/fixtures/dir"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// replaying answers from fixtures. It has nothing to dial with.
type replaying struct {
	config  *Config
	origin  *url.URL        // nil: none is known
	origins []replay.Origin // of the Config; the first may have no URL
	files   *dir.Library
	catalog *replay.Catalog
}

func newReplaying(t testing.TB, c *Config) (*replaying, error) {
	origin, err := c.origin()
	if err != nil {
		return nil, err
	}
	m := &replaying{config: c, origin: origin}
	if m.origins, err = c.origins(origin); err != nil {
		return nil, err
	}
	if m.files, err = dir.OpenLibrary(t.Context(), c.Dir, nil); err != nil {
		_, missing := os.Stat(c.Dir)
		if errors.Is(err, dir.ErrNoFixtures) || errors.Is(missing, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %s", err, m.recordCommand(t))
		}
		return nil, err
	}
	for _, f := range m.files.Foreign() {
		t.Logf("cannery: %s is passed over: %v", filepath.Join(c.Dir, filepath.FromSlash(f.File)), f.Err)
	}
	m.catalog = &replay.Catalog{Store: m.files, Methods: c.Methods}
	return m, nil
}

// recordCommand is what to type to record what a test is missing.
func (m *replaying) recordCommand(t testing.TB) string {
	names := strings.Split(t.Name(), "/")
	for i, name := range names {
		names[i] = "^" + regexp.QuoteMeta(name) + "$"
	}
	command := fmt.Sprintf("%s=1 go test -run '%s'", recordVariable, strings.Join(names, "/"))
	if m.origin == nil && !m.config.anyHost {
		return "set the Origin in testutil.Config, then " + command
	}
	return command
}

// begin has nothing to do: any number may replay the same.
func (m *replaying) begin(string) error { return nil }

func (m *replaying) proxy(s *Server) *replay.Proxy {
	p := m.config.proxy()
	p.Sequence = &replay.Sequence{Store: m.files, Catalog: m.catalog, AfterLast: m.config.AfterLast}
	p.Origin.Name = m.config.name(m.origin)
	if m.config.anyHost {
		// Where origins are now counts more than where they were recorded.
		p.Origin, p.Others = m.origins[0], m.origins[1:]
		p.AnyHost = func(name string, at *url.URL) *replay.Origin { return &replay.Origin{Name: name, URL: at} }
	}
	p.Answers.Hints = explain.Hints{Fixtures: m.config.Dir, Record: m.recordCommand(s.test)}
	p.Events.OnMiss = func(u replay.Unmatched) {
		text := u.Text
		switch {
		case u.Count > 1:
			return
		case u.Like != "":
			text = u.Name() + " is missed for the same reason as " + u.Like
		}
		if m.config.AllowMiss {
			s.test.logf("%s", text)
		} else {
			s.test.errorf("%s", text)
		}
	}
	return p
}

// maxNamed bounds how many unused fixtures are named.
const maxNamed = 20

// end reports what was not used. When a test has failed that is no news.
func (m *replaying) end(t *test, all []*Server) {
	if !m.config.FailUnused || !t.passed() {
		return
	}
	unused, err := m.unused(all)
	if err != nil {
		t.errorf("%v", err)
	}
	if len(unused) == 0 {
		return
	}
	more := ""
	if n := len(unused) - maxNamed; n > 0 {
		unused, more = unused[:maxNamed], fmt.Sprintf("\n  and %d more", n)
	}
	t.errorf("fixtures in %q were not used:\n  %s%s", m.config.Dir, strings.Join(unused, "\n  "), more)
}

// unused returns the names of the fixtures that none of the Servers has used,
// though their sessions see them.
func (m *replaying) unused(all []*Server) (names []string, err error) {
	origin := m.config.name(m.origin)
	sees, without := map[string]bool{"": true}, map[string]int{}
	for _, s := range all {
		sees[s.session] = true
		report, err := s.proxy.Report(context.Background())
		if err != nil {
			return nil, err
		}
		for _, u := range report.Unused {
			without[u.Name]++
		}
	}
	for rec, err := range m.files.Recordings(context.Background()) {
		if err != nil {
			return nil, err
		}
		req := &rec.Request
		if sees[req.Session] && (m.config.anyHost || m.config.Others != nil || req.Origin == cmp.Or(origin, req.Origin)) && without[rec.Name] == len(all) {
			names = append(names, rec.Name)
		}
	}
	return names, nil
}
